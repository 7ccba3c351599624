// A classifier of texts: its answer, and what each piece of the text did to it.

import { curlLine, pieces, predict } from "../ask.js";
import { el, labelled, percent, table } from "../dom.js";
import { offerTexts } from "./examples.js";
import { takesText } from "./signatures.js";

export const name = "sentiment";

const EXAMPLES = [
  "꿀잼ㅋㅋ 두 번 봤어요",
  "아 더빙.. 진짜 짜증나네요 목소리",
  "나쁘지 않다. 아니 솔직히 기대보다 훨씬 재밌었다",
  "배우는 좋은데 이야기가 너무 뻔하다",
];
const MOST_PIECES = 250;
const LEVELS = 5;
const SHOWN = 8;

export const fits = (signatures) =>
  takesText(signatures.serving_default, ["label", "score", "probabilities"]);

export function build(panel) {
  const { model } = panel;
  const text = el("textarea", { rows: 3, lang: "ko" });
  const ask = panel.submit("ask", async (signal) => {
    const typed = text.value;
    const body = { instances: [typed] };
    const { answer: [row], milliseconds } = await predict(model, body, signal);
    const why = el("section", { class: "why", label: "why" });
    panel.show("label-with-probability", { label: row.label, share: percent(row.score) }, milliseconds,
      bars(row, model.facts.labels), why);
    panel.tell(curlLine(model, body), body);
    why.append(...await reasons(model, typed, row, signal));
  });
  panel.form.append(labelled("text", text), ask);
  offerTexts(panel, text, () => EXAMPLES);
}

function bars(row, labels) {
  const named = row.probabilities.map((share, i) => [labels?.[i] ?? String(i), share]);
  named.sort(([, a], [, b]) => b - a);
  return el("ul", { class: "bars", label: "probabilities" }, ...named.slice(0, 10).map(([label, share]) =>
    el("li", {},
      el("span", { class: "bar-name" }, label),
      el("span", { class: "bar", "aria-hidden": "true" }, el("span", { style: { width: `${100 * share}%` } })),
      el("span", { class: "bar-value" }, percent(share)))));
}

/** Leaves each piece out in turn, all in one request. */
async function reasons(model, typed, row, signal) {
  const characters = Array.from(typed);
  const spans = distinct(await pieces(model, typed, signal) ?? words(characters)).slice(0, MOST_PIECES);
  if (spans.length < 2) return [];
  const without = spans.map(([start, end]) => [...characters.slice(0, start), ...characters.slice(end)].join(""));
  const { answer } = await predict(model, { instances: without }, signal);
  const place = row.probabilities.indexOf(Math.max(...row.probabilities));
  const before = row.probabilities[place];
  const parts = spans.map(([start, end], i) => {
    const share = answer[i].probabilities[place];
    return { start, end, share, effect: logOdds(before) - logOdds(share), text: characters.slice(start, end).join("") };
  });
  return [
    el("h2", { words: "why" }),
    coloured(characters, parts),
    key(row.label),
    el("p", { class: "note", words: "why-note" }),
    el("details", {}, el("summary", { words: "why-numbers" }), strongest(parts, before)),
  ];
}

const logOdds = (share) => {
  const safe = Math.min(Math.max(share, 1e-6), 1 - 1e-6);
  return Math.log(safe / (1 - safe));
};

/** Pieces that overlap (of one morpheme) are one. */
function distinct(spans) {
  const kept = [];
  for (const [start, end] of [...spans].sort(([a], [b]) => a - b)) {
    const last = kept.at(-1);
    if (last && start < last[1]) last[1] = Math.max(last[1], end);
    else kept.push([start, end]);
  }
  return kept;
}

/** Where the words are, for a model that tells of no pieces. */
function words(characters) {
  const spans = [];
  characters.forEach((character, at) => {
    if (/\s/.test(character)) return;
    if (spans.at(-1)?.[1] === at) spans.at(-1)[1] = at + 1;
    else spans.push([at, at + 1]);
  });
  return spans;
}

function coloured(characters, parts) {
  const strongestEffect = Math.max(...parts.map(({ effect }) => Math.abs(effect)), 0.05);
  const passage = el("p", { class: "passage", lang: "ko" });
  let at = 0;
  for (const { start, end, effect, text } of parts) {
    passage.append(characters.slice(at, start).join(""));
    const level = Math.round(LEVELS * Math.abs(effect) / strongestEffect);
    const side = effect < 0 ? "against" : "for";
    passage.append(level
      ? el("span", { class: `piece ${side}-${level}`, title: signed(effect) }, text)
      : el("span", { class: "piece", title: signed(effect) }, text));
    at = end;
  }
  passage.append(characters.slice(at).join(""));
  return passage;
}

function key(label) {
  return el("p", { class: "key" },
    el("span", { class: "piece for-4", words: "why-for", values: { label } }), " ",
    el("span", { class: "piece against-4", words: "why-against", values: { label } }));
}

function strongest(parts, before) {
  const rows = [...parts].sort((a, b) => Math.abs(b.effect) - Math.abs(a.effect)).slice(0, SHOWN)
    .map(({ text, share, effect }) => [text, percent(before), percent(share), signed(effect)]);
  return table("why-table", ["piece", "probability-with", "probability-without", "contribution"], rows);
}

const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
