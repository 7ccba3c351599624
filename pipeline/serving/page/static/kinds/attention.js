// A table of what a translator looked at: a row a piece written, a column a piece read.

import { el } from "../dom.js";

/** A piece with the mark that the field knows, where a space in front tells that a word begins. */
const marked = (piece) => piece.replace(/^ /, "▁");

/** `source`, `target`: pieces, unused cells ""; `attention` [target, source], rows add up to 1. */
export function attentionMap({ source, target, attention }) {
  const read = source.filter(Boolean).map(marked);
  const written = target.filter(Boolean).map(marked);
  if (!read.length || !written.length) return [];
  const cell = (share, row, column) => {
    const shown = Math.round(100 * share);
    const td = el("td", { class: share > 0.55 ? "dark" : null, title: `${written[row]} ← ${read[column]}: ${shown} %` },
      el("span", { class: "share" }, String(shown)));
    td.style.setProperty("--share", `${shown}%`);
    return td;
  };
  return [
    el("h2", { words: "attention" }),
    el("div", { class: "table attention", tabindex: 0, role: "region", label: "attention" },
      el("table", {},
        el("thead", {}, el("tr", {}, el("td", {}),
          ...read.map((piece) => el("th", { scope: "col" }, el("span", {}, piece))))),
        el("tbody", {}, ...written.map((piece, row) =>
          el("tr", {}, el("th", { scope: "row" }, piece),
            ...read.map((_, column) => cell(attention[row][column], row, column))))))),
    el("p", { class: "note", words: "attention-note" }),
  ];
}
