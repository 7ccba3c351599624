// Vectors of texts: which of the sentences typed is nearest to another.

import { curlLine, predict } from "../ask.js";
import { el, labelled } from "../dom.js";
import { problem } from "../panel.js";
import { takesText } from "./signatures.js";

export const name = "encoder";

const SENTENCES = [
  "오늘은 하루 종일 비가 왔다.",
  "배우들 연기가 정말 좋았다.",
  "이 집 김치찌개는 맵지 않고 맛있다.",
  "내일은 맑고 따뜻하겠습니다.",
  "영화가 지루해서 중간에 나왔다.",
  "점심에 먹은 국수가 아주 맛있었다.",
];
const QUESTIONS = ["비 오는 날 볼 영화", "날씨가 흐리다.", "저녁은 뭐 먹지?"];
const MOST = 500;

export const fits = (signatures) =>
  takesText(signatures.text_vectors ?? signatures.serving_default, ["text_vector"]);

export function build(panel) {
  const { model } = panel;
  const question = el("input", { type: "text", lang: "ko", autocomplete: "off" });
  const note = el("p", { class: "note", words: "a-sentence-a-line" });
  const sentences = el("textarea", { rows: 7, lang: "ko" });
  sentences.value = SENTENCES.join("\n");
  const ask = panel.submit("find-nearest", async (signal) => {
    const texts = sentences.value.split("\n").map((line) => line.trim()).filter(Boolean).slice(0, MOST);
    if (!texts.length) throw problem("no-sentences");
    const body = { instances: [question.value, ...texts] };
    if (model.signatures.text_vectors) body.signature_name = "text_vectors";
    const { answer, milliseconds } = await predict(model, body, signal);
    const [asked, ...vectors] = answer.map((row) => row.text_vector ?? row);
    const near = texts.map((text, i) => [text, product(asked, vectors[i])]).sort(([, a], [, b]) => b - a);
    panel.show("nearest-is", { text: near[0][0] }, milliseconds, ranked(near),
      el("p", { class: "note", words: "cosine-note" }));
    panel.tell(curlLine(model, body), body);
  });
  panel.form.append(labelled("compare-to", question), labelled("sentences", sentences, note), ask);
  panel.offer(QUESTIONS.map((example) => [example, () => {
    question.value = example;
    panel.form.requestSubmit();
  }]));
}

const product = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);

const ranked = (near) => el("ol", { class: "bars near", label: "similarity" }, ...near.map(([text, cosine]) =>
  el("li", {},
    el("span", { class: "bar-name", lang: "ko" }, text),
    el("span", { class: "bar", "aria-hidden": "true" },
      el("span", { style: { width: `${100 * Math.max(0, cosine)}%` } })),
    el("span", { class: "bar-value" }, cosine.toFixed(3)))));
