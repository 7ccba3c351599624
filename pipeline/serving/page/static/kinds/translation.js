// A translator: the best translations, and which pieces it looked at if the model tells.

import { curlLine, predict } from "../ask.js";
import { el, labelled } from "../dom.js";
import { attentionMap } from "./attention.js";
import { offerTexts } from "./examples.js";
import { takes, takesText } from "./signatures.js";

export const name = "translation";

const KOREAN = ["톰은 외로워 보였어.", "저는 커피를 좋아해요.", "내일 비가 올까요?"];
const ENGLISH = ["I like coffee.", "Will it rain tomorrow?", "Tom looked lonely."];

export const fits = (signatures) => takesText(signatures.serving_default, ["translation", "score"]);

export function build(panel) {
  const { model } = panel;
  const { n_best: several, attention } = model.signatures;
  const text = el("textarea", { rows: 3 });
  const ask = panel.submit("translate", async (signal) => {
    const body = { instances: [text.value] };
    if (several) body.signature_name = "n_best";
    const { answer: [row], milliseconds } = await predict(model, body, signal);
    const all = several ? row.translation.map((said, i) => [said, row.score[i]]) : [[row.translation, row.score]];
    const found = all.filter(([, score]) => score > -1e300); // -inf where there are fewer
    const map = el("section", { class: "why" });
    panel.show("translated", { text: found[0]?.[0] ?? "" }, milliseconds,
      found.length > 1 ? list(found) : scored(found[0]), map);
    panel.tell(curlLine(model, body), body);
    if (takes(attention, ["text"], ["source", "target", "attention"])) {
      const asked = { signature_name: "attention", instances: [text.value] };
      map.append(...attentionMap((await predict(model, asked, signal)).answer[0]));
    }
  });
  panel.form.append(labelled("sentence", text), ask);
  offerTexts(panel, text, (own) => own && !/[가-힣]/.test(own) ? ENGLISH : KOREAN);
}

const list = (found) => el("div", {},
  el("h2", { words: "n-best" }),
  el("ol", { class: "n-best" }, ...found.map(([said, score]) =>
    el("li", {}, said, " ", el("span", { class: "quiet" }, score.toFixed(2))))),
  el("p", { class: "note", words: "score-note" }));

const scored = (best) => best && el("div", {},
  el("p", { class: "note", words: "score-is", values: { score: best[1].toFixed(2) } }));
