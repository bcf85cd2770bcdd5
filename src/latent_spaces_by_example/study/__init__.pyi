from .callbacks import Patience
from .create import create_study, optimise
from .opening import open_study
from .ranking import Ranking
from .study import Study
from .trial import Trial

__all__ = [
    "Patience",
    "Ranking",
    "Study",
    "Trial",
    "create_study",
    "open_study",
    "optimise",
]
