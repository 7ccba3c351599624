// Tabs as the ARIA authoring practices have them: arrows move, one tab is in the order of Tab.

import { el } from "./dom.js";
import { kindOf } from "./kinds/kinds.js";

/** A list of tabs with a panel for each model, which is made when it is first looked at. */
export function tabs(models, panelOf) {
  const list = el("div", { role: "tablist", label: "models", class: "tabs" });
  const panels = el("div");
  const all = models.map((model, number) => {
    const kind = kindOf(model).name;
    const panel = el("div", {
      role: "tabpanel", id: `panel-${number}`, "aria-labelledby": `tab-${number}`, tabindex: 0, hidden: true,
    });
    const tab = el("button", {
      type: "button", role: "tab", id: `tab-${number}`, "aria-controls": `panel-${number}`, tabindex: -1,
    }, el("span", { class: "tab-kind", words: `${kind}-tab` }),
      el("span", { class: "tab-name", lang: "en" }, model.name));
    list.append(tab);
    panels.append(panel);
    return { model, tab, panel };
  });

  function choose(number, focus) {
    all.forEach(({ model, tab, panel }, place) => {
      const chosen = place === number;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      panel.hidden = !chosen;
      if (!chosen) return;
      if (!panel.childElementCount) panel.append(panelOf(model));
      if (focus) tab.focus();
      requestAnimationFrame(() => tab.scrollIntoView({ block: "nearest", inline: "center" }));
    });
  }

  list.addEventListener("keydown", (event) => {
    const now = all.findIndex(({ tab }) => tab === document.activeElement);
    const count = all.length;
    const next = {
      ArrowRight: (now + 1) % count, ArrowLeft: (now + count - 1) % count, Home: 0, End: count - 1,
    }[event.key];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    go(next, true);
  });
  const named = () => all.findIndex(({ model }) => `#${encodeURIComponent(model.name)}` === location.hash);
  function go(number, focus) {
    history.replaceState(null, "", `#${encodeURIComponent(all[number].model.name)}`);
    choose(number, focus);
  }
  all.forEach(({ tab }, number) => tab.addEventListener("click", () => go(number, true)));
  addEventListener("hashchange", () => named() >= 0 && choose(named(), false));
  choose(Math.max(0, named()), false);
  return el("div", {}, list, panels);
}
