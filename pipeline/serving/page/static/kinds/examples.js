// The examples of a tab, with the one that lies beside the model.

import { file } from "../ask.js";

/** Offers texts to try; one that is clicked is filled in and asked about. */
export async function offerTexts(panel, field, texts) {
  const offer = (all) => panel.offer(all.map((text) => [text, () => {
    field.value = text;
    panel.form.requestSubmit();
  }]));
  offer(texts);
  const own = await ownText(panel.model);
  if (own && !texts.includes(own)) offer([own, ...texts]);
}

/** The text that lies beside a model, if one does. */
export async function ownText(model) {
  if (!model.files.includes("example.txt")) return null;
  try {
    return (await (await file(model, "example.txt")).text()).trim();
  } catch {
    return null; // an example less
  }
}
