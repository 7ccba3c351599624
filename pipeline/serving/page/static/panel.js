// What the panel of every model has: its card, a form, examples, the answer, latency, the curl line.

import { file, filePath, isLong, Refused } from "./ask.js";
import { el, put, say } from "./dom.js";

export class Panel {
  /**
   * @param model as the server lists it.
   * @param kind key of the words on what it does.
   */
  constructor(model, kind) {
    this.model = model;
    this.form = el("form", { class: "ask" });
    this.examples = el("div", { class: "examples", role: "group", label: "examples", hidden: true });
    this.status = el("p", { class: "status", role: "status" });
    this.error = el("p", { class: "error", role: "alert", hidden: true });
    this.answer = el("section", { class: "answer", label: "answer", hidden: true });
    this.line = el("code");
    this.download = el("a", { class: "download", download: "request.json", words: "download-request", hidden: true });
    this.same = el("details", { class: "same", hidden: true },
      el("summary", { words: "same-by-curl" }),
      el("pre", { tabindex: 0 }, this.line),
      el("p", { class: "row" }, this.#copyButton(), this.download));
    this.root = el("div", { class: "panel" },
      el("div", { class: "about" },
        el("p", { words: `${kind}-about` }),
        el("p", { class: "quiet" },
          el("span", { words: "model-version", values: { name: model.name, version: model.version } }),
          " ", this.#card())),
      this.form, this.examples, this.status, this.error, this.answer, this.same);
    this.form.addEventListener("submit", (event) => event.preventDefault());
  }

  #card() {
    const name = "model_card.md";
    if (!this.model.files.includes(name)) return null;
    const open = async (event) => {
      event.preventDefault();
      try {
        const text = await (await file(this.model, name)).text();
        document.getElementById("card-title").textContent = this.model.name;
        document.getElementById("card-text").textContent = text;
        document.getElementById("card").showModal();
      } catch (error) {
        this.#fail(error);
      }
    };
    return el("a", { href: filePath(this.model, name), class: "card", words: "model-card", on: { click: open } });
  }

  #copyButton() {
    const button = el("button", { type: "button", class: "small", words: "copy" });
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(this.line.textContent);
        put(button, "copied");
      } catch {
        const range = document.createRange();
        range.selectNodeContents(this.line);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        put(button, "selected");
      }
      setTimeout(() => put(button, "copy"), 2000);
    });
    return button;
  }

  /** Buttons for things to try: `[text, what to do]`. */
  offer(examples) {
    this.examples.hidden = !examples.length;
    this.examples.replaceChildren(
      el("span", { class: "quiet", words: "try" }),
      ...examples.map(([shown, choose]) => el("button", { type: "button", class: "example", on: { click: choose } },
        shown)));
  }

  /** The button that asks; Ctrl+Enter in the form does the same. */
  submit(key, ask) {
    this.form.addEventListener("submit", () => this.run(ask));
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    return el("button", { type: "submit", class: "main", words: key });
  }

  /** Asks; an answer that comes after a newer question is dropped. */
  async run(ask) {
    this.asking?.abort();
    const asking = new AbortController();
    this.asking = asking;
    this.error.hidden = true;
    this.answer.setAttribute("aria-busy", "true");
    put(this.status, "asking");
    try {
      await ask(asking.signal);
    } catch (error) {
      if (this.asking === asking && error.name !== "AbortError") this.#fail(error);
    } finally {
      if (this.asking === asking) this.answer.removeAttribute("aria-busy");
    }
  }

  #fail(error) {
    this.status.textContent = "";
    delete this.status.dataset.spoken;
    this.answer.hidden = this.same.hidden = true;
    const key = error instanceof Refused && error.status === 0 ? "no-server" : error.word ?? "failed";
    put(this.error, key, { ...error.values, why: error.message });
    this.error.hidden = false;
  }

  /** Nothing is waited for any longer. */
  stop() {
    this.asking?.abort();
    put(this.status, "stopped");
  }

  /** Shows an answer. `summary` and `values` are what is said of it in one line; it may have none. */
  show(summary, values, milliseconds, ...parts) {
    this.answer.replaceChildren(
      ...[summary && el("p", { class: "said", words: summary, values }), ...parts].filter((part) => part));
    this.answer.hidden = false;
    if (!summary) return;
    const ms = milliseconds < 10 ? milliseconds.toFixed(1) : milliseconds.toFixed(0);
    put(this.status, "in-time", { ms });
    // Read out with the latency; what is seen is in the answer.
    this.status.prepend(el("span", { class: "unseen" }, `${say(summary, values)}. `));
  }

  /** Shows how to ask the same by curl. */
  tell(line, body) {
    this.line.textContent = line;
    this.same.hidden = false;
    this.download.hidden = !isLong(body);
    if (this.href) URL.revokeObjectURL(this.href);
    this.href = null;
    if (isLong(body)) {
      this.href = URL.createObjectURL(new Blob([JSON.stringify(body)], { type: "application/json" }));
      this.download.href = this.href;
    }
  }
}

/** An error that is told in the words of the page. */
export function problem(word, values = {}) {
  return Object.assign(new Error(word), { word, values });
}
