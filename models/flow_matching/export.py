"""Writes a trained velocity field as an ONNX graph, node by node.

By hand, because torch's exporters need a further package and bring their own idea of a graph;
this one has two inputs, ``x`` (n, d) and ``t`` (1, 1), and computes the time's share once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from models.flow_matching.network import VelocityField

OPSET = 17  # the first with LayerNormalization


class Graph:
    """Nodes and weights in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, value: torch.Tensor | float | list[float]) -> str:
        array = np.asarray(
            value.detach().numpy() if isinstance(value, torch.Tensor) else value, dtype=np.float32
        )
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"h{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def linear(self, x: str, layer: torch.nn.Linear) -> str:
        return self.add("Gemm", x, self.weight(layer.weight), self.weight(layer.bias), transB=1)

    def silu(self, x: str) -> str:
        return self.add("Mul", x, self.add("Sigmoid", x))

    def normalise(self, x: str, layer: torch.nn.LayerNorm) -> str:
        return self.add(
            "LayerNormalization",
            x,
            self.weight(layer.weight),
            self.weight(layer.bias),
            axis=-1,
            epsilon=layer.eps,
        )


def build_graph(net: VelocityField) -> Graph:
    """The same arithmetic as ``VelocityField.forward``, without dropout."""
    g = Graph()
    one, two = g.weight([[1.0]]), g.weight([[2.0]])
    rest = g.add("Sub", one, "t")
    variance = g.add("Add", g.add("Mul", "t", "t"), g.add("Mul", rest, rest))
    waves = g.add("Mul", "t", g.weight(net.frequencies[None]))
    time = g.add("Concat", g.add("Sin", waves), g.add("Cos", waves), axis=1)
    time = g.silu(g.linear(time, net.embed_time[0]))
    h = g.linear(g.add("Div", "x", g.add("Sqrt", variance)), net.enter)
    for block in net.blocks:
        wide = g.linear(g.normalise(h, block.norm), block.widen)
        inner = g.silu(g.add("Add", wide, g.linear(time, block.time)))
        h = g.add("Add", h, g.linear(inner, block.narrow))
    learnt = g.linear(g.silu(g.normalise(h, net.norm)), net.leave)
    slope = g.add("Div", g.add("Sub", g.add("Mul", two, "t"), one), variance)
    known = g.add("Mul", slope, "x")
    g.nodes.append(helper.make_node("Add", [known, learnt], ["v"]))
    return g


def export(net: VelocityField, path: Path) -> None:
    """Write ``net`` to ``path``."""
    g = build_graph(net)
    d = net.leave.out_features
    graph = helper.make_graph(
        g.nodes,
        "velocity",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", d]),
            helper.make_tensor_value_info("t", TensorProto.FLOAT, [1, 1]),
        ],
        [helper.make_tensor_value_info("v", TensorProto.FLOAT, ["n", d])],
        g.weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 8  # what ONNX Runtime 1.17 reads
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
