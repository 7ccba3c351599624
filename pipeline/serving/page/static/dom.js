// Elements, and the words in them in the language that is chosen.

import { KOREAN } from "./words.ko.js";
import { ENGLISH } from "./words.en.js";

const SVG = "http://www.w3.org/2000/svg";
const LANGUAGES = { ko: KOREAN, en: ENGLISH };
const spoken = new WeakMap(); // element -> attribute, or "" for its text -> [key, values]
let language = "en";

/** A word of the page in the language that is chosen; `{name}` in it stands for a value. */
export function say(key, values = {}) {
  const words = LANGUAGES[language][key] ?? ENGLISH[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? value.toLocaleString(language) : String(value ?? "");
  });
}

/** Chooses a language, and writes everything on the page in it. */
export function speak(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-spoken]")) {
    for (const [name, [key, values]] of spoken.get(element) ?? []) write(element, name, key, values);
  }
}

export function languageNow() {
  return language;
}

/** Puts a word into an element, or into an attribute of it, where it follows the language. */
export function put(element, key, values = {}, attribute = "") {
  const all = spoken.get(element) ?? new Map();
  all.set(attribute, [key, values]);
  spoken.set(element, all);
  element.dataset.spoken = "";
  write(element, attribute, key, values);
  return element;
}

function write(element, attribute, key, values) {
  if (attribute) element.setAttribute(attribute, say(key, values));
  else element.textContent = say(key, values);
}

/** An element. `on` holds listeners, `style` CSS properties, `words` and `label` keys of words. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, { on = {}, style = {}, words, values, label, ...rest }, children) {
  for (const [name, value] of Object.entries(rest)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  for (const [name, listener] of Object.entries(on)) element.addEventListener(name, listener);
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value);
  if (words) put(element, words, values);
  if (label) put(element, label, values, "aria-label");
  element.append(...children.filter((child) => child != null));
  return element;
}

const isNumber = (value) => typeof value === "number" || /^[+−-]?[\d.,]+( %)?$/.test(value);

/** A table with a header; cells are texts or numbers, and numbers stand on the right. */
export function table(caption, columns, rows) {
  const side = (value) => ({ class: isNumber(value) ? "number" : null });
  const cell = (value) => el("td", side(value), String(value));
  const heads = columns.map((key, i) => el("th", { scope: "col", words: key, ...side(rows[0]?.[i]) }));
  return el("div", { class: "table", tabindex: 0, role: "region", label: caption },
    el("table", {},
      el("caption", { words: caption }),
      el("thead", {}, el("tr", {}, ...heads)),
      el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell))))));
}

let numbers = 0;

/** A control with its label above it; the label is that of `named` where it is inside `control`. */
export function labelled(key, control, note = null, named = control) {
  named.id ||= `control-${++numbers}`;
  const label = el("label", { for: named.id, words: key });
  if (note) {
    note.id ||= `note-${++numbers}`;
    named.setAttribute("aria-describedby", note.id);
  }
  return el("div", { class: "field" }, label, control, note);
}

export function percent(share, digits = 1) {
  return `${(100 * share).toFixed(digits)} %`;
}
