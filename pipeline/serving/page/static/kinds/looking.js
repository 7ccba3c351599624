// Where a captioner looked for each word: the picture, darker where it did not look.

import { el } from "../dom.js";

/** `words` [time], unused cells ""; `attention` [time, rows, columns], each adds up to 1. */
export function lookedAt({ words, attention }, picture) {
  const all = words.map((word, i) => [word, attention[i]]).filter(([word]) => word);
  if (!all.length) return [];
  return [
    el("h2", { words: "looked-at" }),
    el("ol", { class: "looks" }, ...all.map(([word, map]) => el("li", {}, shaded(picture, map), el("span", {}, word)))),
    el("p", { class: "note", words: "looked-note" }),
  ];
}

function shaded(picture, map) {
  const side = 160;
  const height = Math.round(side * picture.height / picture.width);
  const canvas = el("canvas", { width: side, height, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, side, height);
  const most = Math.max(...map.flat());
  const shade = new ImageData(map[0].length, map.length);
  map.flat().forEach((share, i) => { shade.data[4 * i + 3] = Math.round(215 * (1 - share / most)); });
  const small = el("canvas", { width: shade.width, height: shade.height });
  small.getContext("2d").putImageData(shade, 0, 0);
  context.imageSmoothingEnabled = true;
  context.drawImage(small, 0, 0, side, height);
  return canvas;
}
