// A model that goes on with a text, shown as it writes.

import { curlLine, stream } from "../ask.js";
import { el, labelled, put } from "../dom.js";
import { offerTexts } from "./examples.js";
import { takes } from "./signatures.js";

export const name = "charlm";

const EXAMPLES = ["모든 국민은", "대한민국의 주권은", "대통령은"];

export const fits = (signatures) =>
  takes(signatures.serving_default, ["prompt", "length", "temperature", "seed"], ["text"]);

export function build(panel) {
  const { model } = panel;
  const prompt = el("textarea", { rows: 2, lang: "ko" });
  const length = el("input", { type: "number", min: 1, max: 5000, value: 200, required: true });
  const seed = el("input", { type: "number", min: 0, max: 2147483647, value: 1, required: true });
  const shown = el("output", { class: "value" }, "0.8");
  const temperature = el("input", { type: "range", min: 0, max: 1.5, step: 0.1, value: 0.8 });
  temperature.addEventListener("input", () => { shown.textContent = Number(temperature.value).toFixed(1); });
  const stop = el("button", { type: "button", class: "second", words: "stop", disabled: true });
  stop.addEventListener("click", () => panel.stop());
  const ask = panel.submit("write", async (signal) => {
    const inputs = {
      prompt: prompt.value,
      length: length.valueAsNumber,
      temperature: Number(temperature.value),
      seed: seed.valueAsNumber,
    };
    stop.disabled = false;
    try {
      await write(panel, { inputs }, signal);
    } finally {
      stop.disabled = true;
    }
  });
  panel.form.append(
    labelled("prompt", prompt),
    el("div", { class: "fields" },
      labelled("length", length),
      labelled("temperature", el("div", { class: "range" }, temperature, shown), null, temperature),
      labelled("seed", seed)),
    el("p", { class: "note", words: "temperature-note" }),
    el("div", { class: "row" }, ask, stop));
  offerTexts(panel, prompt, () => EXAMPLES);
}

/** Shows a text while it comes; a screen reader is told when it is there. */
async function write(panel, body, signal) {
  const begun = performance.now();
  const { prompt } = body.inputs;
  const rest = el("span", { class: "written" });
  const passage = el("p", { class: "passage", lang: "ko" }, el("b", {}, prompt), rest);
  let text = "";
  let first = null;
  let failure = null;
  put(panel.status, "writing");
  panel.show(null, {}, null, passage);
  panel.tell(curlLine(panel.model, body, "stream"), body);
  await stream(panel.model, body, (event, data) => {
    if (event === "error") failure = data.error;
    text = event === "end" ? data.text : text + (data.text ?? "");
    first ??= performance.now() - begun;
    rest.textContent = text.startsWith(prompt) ? text.slice(prompt.length) : text;
    if (!text.startsWith(prompt)) passage.replaceChildren(rest);
  }, signal);
  if (failure) throw new Error(failure);
  put(panel.status, "written-in", {
    count: Array.from(rest.textContent).length,
    first: (first ?? 0).toFixed(0),
    ms: (performance.now() - begun).toFixed(0),
  });
}
