// Any other model: JSON in, JSON out.

import { curlLine, predict } from "../ask.js";
import { el, labelled } from "../dom.js";
import { problem } from "../panel.js";

export const name = "anything";

export const fits = () => true;

export function build(panel) {
  const { model } = panel;
  const names = Object.keys(model.signatures);
  const signature = el("select", {}, ...names.map((each) => el("option", { value: each }, each)));
  signature.value = names.includes("serving_default") ? "serving_default" : names[0];
  const body = el("textarea", { rows: 6, spellcheck: "false", class: "code" });
  const begin = () => {
    body.value = JSON.stringify({
      signature_name: signature.value,
      inputs: Object.fromEntries(
        Object.entries(model.signatures[signature.value].inputs).map(([key, info]) => [key, blank(info)])),
    }, null, 1);
  };
  signature.addEventListener("change", begin);
  begin();
  const ask = panel.submit("ask", async (signal) => {
    let asked;
    try {
      asked = JSON.parse(body.value);
    } catch (error) {
      throw problem("not-json", { what: error.message });
    }
    const { answer, milliseconds } = await predict(model, asked, signal);
    panel.show("answered", {}, milliseconds,
      el("pre", { tabindex: 0 }, JSON.stringify(answer, null, 1)));
    panel.tell(curlLine(model, asked), asked);
  });
  panel.form.append(labelled("signature", signature), labelled("request", body), ask);
}

/** A value of the shape and type that an input has, with one row. */
function blank({ dtype, shape }) {
  const value = dtype === "string" ? "" : dtype === "bool" ? false : 0;
  return (shape ?? []).reduceRight((inner, size) => Array.from({ length: size ?? 1 }, () => inner), value);
}
