// A button on each code block that copies it, without prompts and without what a command printed.
"use strict";

function textToCopy(block) {
  const text = block.querySelector("pre").innerText;
  const lines = text.split("\n");
  const prompt = /^(\$|>>>|\.\.\.) ?/;
  if (!lines.some((line) => prompt.test(line))) return text;
  return lines.filter((line) => prompt.test(line)).map((line) => line.replace(prompt, "")).join("\n");
}

document.addEventListener("DOMContentLoaded", () => {
  const blocks = document.querySelectorAll("div.highlight-python, div.highlight-console, "
    + "div.highlight-toml, div.highlight-bibtex, div.highlight-ipython3, div.highlight-ipython");
  for (const block of blocks) {
    const button = document.createElement("button");
    button.className = "copy";
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(textToCopy(block));
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    block.append(button);
  }
});
