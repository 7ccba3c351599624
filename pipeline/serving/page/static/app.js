// The page: which models there are, a tab for each, the language.

import { keepToken, models } from "./ask.js";
import { el, labelled, put, speak } from "./dom.js";
import { Panel } from "./panel.js";
import { kindOf, orderOf } from "./kinds/kinds.js";
import { tabs } from "./tabs.js";

const LANGUAGE = "malgyeol-language";
const place = document.getElementById("models");

function chooseLanguage(language) {
  localStorage.setItem(LANGUAGE, language);
  speak(language);
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

function askForToken(wrong) {
  const field = el("input", { type: "password", autocomplete: "current-password", required: true });
  const form = el("form", { class: "ask token" },
    el("p", { words: wrong ? "token-wrong" : "token-needed" }),
    labelled("token", field),
    el("button", { type: "submit", class: "main", words: "token-use" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(field.value);
    start(true);
  });
  place.replaceChildren(form);
  field.focus();
}

function panelOf(model) {
  const kind = kindOf(model);
  const panel = new Panel(model, kind.name);
  kind.build(panel);
  return panel.root;
}

async function start(tried = false) {
  let found;
  let loading;
  try {
    ({ models: found, loading } = await models());
  } catch (error) {
    if (error.status === 401) return askForToken(tried);
    place.replaceChildren(put(el("p", { class: "error", role: "alert" }), "no-server", { why: error.message }));
    return;
  }
  if (loading || !found.length) {
    const names = found.map(({ name }) => name).join(", ");
    const waiting = el("p", { role: "status", class: "waiting" });
    place.replaceChildren(put(waiting, loading ? "models-loading" : "no-models", { names }));
    setTimeout(start, loading ? 1000 : 3000);
    return;
  }
  found.sort((a, b) => orderOf(a) - orderOf(b) || a.name.localeCompare(b.name));
  place.replaceChildren(tabs(found, panelOf));
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => chooseLanguage(button.dataset.language));
}
const card = document.getElementById("card");
const close = put(document.getElementById("card-close"), "close");
close.addEventListener("click", () => card.close());
card.addEventListener("click", (event) => event.target === card && card.close());
const usual = navigator.language.startsWith("ko") ? "ko" : "en";
chooseLanguage(localStorage.getItem(LANGUAGE) ?? usual);
start();
