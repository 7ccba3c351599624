// Named entities: marked in the text as it was typed, with their offsets.

import { curlLine, predict } from "../ask.js";
import { el, labelled, table } from "../dom.js";
import { offerTexts } from "./examples.js";
import { takesText } from "./signatures.js";

export const name = "ner";

const EXAMPLES = [
  "김민수 대표는 서울 종로구에서 기자들을 만났다.",
  "한국은행은 16일 금융통화위원회를 열었다.",
  "야 서연아 너 오늘 강남역 몇 시에 올 거야? ㅋㅋ",
  "손흥민이 8월에 런던에서 뛴다.",
];
const TONES = 8;

export const fits = (signatures) =>
  takesText(signatures.serving_default, ["entity", "label", "start", "end"]);

export function build(panel) {
  const { model } = panel;
  const text = el("textarea", { rows: 3, lang: "ko" });
  const ask = panel.submit("find-entities", async (signal) => {
    const body = { instances: [text.value] };
    const typed = text.value;
    const { answer: [row], milliseconds } = await predict(model, body, signal);
    const found = row.label.map((label, i) => ({
      label, entity: row.entity[i], start: row.start[i], end: row.end[i],
    })).filter(({ start }) => start >= 0);
    show(panel, typed, found, milliseconds);
    panel.tell(curlLine(model, body), body);
  });
  panel.form.append(labelled("sentence", text), ask);
  offerTexts(panel, text, () => EXAMPLES);
}

function show(panel, typed, found, milliseconds) {
  const tones = new Map([...new Set(found.map(({ label }) => label))].sort().map((label, i) => [label, i % TONES]));
  const characters = Array.from(typed); // offsets count code points
  const marked = el("p", { class: "passage", lang: "ko" });
  let at = 0;
  for (const { label, start, end } of found) {
    marked.append(characters.slice(at, start).join(""),
      el("mark", { class: `tone-${tones.get(label)}` }, characters.slice(start, end).join(""),
        el("small", { lang: "en" }, label)));
    at = end;
  }
  marked.append(characters.slice(at).join(""));
  const rows = found.map(({ entity, label, start, end }) => [entity, label, `${start}–${end}`]);
  panel.show(found.length ? "entities-found" : "entities-none", { count: found.length }, milliseconds, marked,
    found.length ? table("entities", ["entity", "label", "offsets"], rows) : null,
    el("p", { class: "note", words: "offsets-note" }));
}
