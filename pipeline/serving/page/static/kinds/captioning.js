// What is on a picture.

import { curlPicture, file, predict } from "../ask.js";
import { el, labelled, languageNow } from "../dom.js";
import { dropPlace } from "../drop.js";
import { problem } from "../panel.js";
import { takes } from "./signatures.js";
import { lookedAt } from "./looking.js";

export const name = "captioning";

const WIDEST = 640;

export const fits = (signatures) => takes(signatures.serving_default, ["image"], ["caption", "score"]);

export function build(panel) {
  const { model } = panel;
  const languages = Object.keys(model.signatures).filter((each) => /^[a-z]{2}$/.test(each));
  const language = el("select", {}, ...languages.map((each) => el("option", { value: each, words: `in-${each}` })));
  if (languages.includes(languageNow())) language.value = languageNow();
  let again = () => {};
  language.addEventListener("change", () => again());

  const ask = (read) => {
    again = () => panel.run(async (signal) => {
      const { blob, title } = await read();
      const signature = language.value || "serving_default";
      const picture = await drawnPicture(blob);
      const instances = [{ b64: await base64(blob) }];
      const { answer: [row], milliseconds } = await predict(model, { signature_name: signature, instances }, signal);
      const looking = el("div", {});
      panel.show("caption-is", { text: row.caption }, milliseconds, picture,
        el("p", { class: "note", words: "score-is", values: { score: row.score.toFixed(2) } }), looking);
      panel.tell(curlPicture(model, signature, title), {});
      const other = language.value ? `attention_${language.value}` : "attention";
      const told = model.signatures[other] ? other : "attention";
      if (takes(model.signatures[told], ["image"], ["words", "attention"])) {
        const asked = { signature_name: told, instances };
        looking.append(...lookedAt((await predict(model, asked, signal)).answer[0], picture));
      }
    });
    return again();
  };

  panel.form.append(
    dropPlace("drop-picture", "image/jpeg,image/png", (chosen) => ask(async () => ({ blob: chosen, title: chosen.name }))),
    languages.length > 1 ? labelled("language", language) : "");
  const example = model.files.find((each) => /^example\.(jpg|png)$/.test(each));
  if (example) {
    panel.offer([[el("span", { words: "own-example" }), () =>
      ask(async () => ({ blob: await (await file(model, example)).blob(), title: example }))]]);
  }
}

/** The picture on a canvas, which needs no address that the browser would have to allow. */
async function drawnPicture(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch {
    throw problem("not-a-picture");
  }
  const scale = Math.min(1, WIDEST / bitmap.width, WIDEST / bitmap.height);
  const canvas = el("canvas", {
    class: "picture", role: "img", label: "your-picture",
    width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)),
  });
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
