// The examples of a tab, with the one that lies beside the model.

import { file } from "../ask.js";

/** Offers texts to try, the model's own first; one that is clicked is filled in and asked about. `others` gives the
 * texts beside the model's own one, which is null where there is none. */
export async function offerTexts(panel, field, others) {
  const own = await ownText(panel.model); // before any button: none moves under a pointer
  const texts = others(own);
  panel.offer([...new Set(own ? [own, ...texts] : texts)].map((text) => [text, () => {
    field.value = text;
    panel.form.requestSubmit();
  }]));
}

/** The text that lies beside a model, if one does. */
async function ownText(model) {
  if (!model.files.includes("example.txt")) return null;
  try {
    return (await (await file(model, "example.txt")).text()).trim();
  } catch {
    return null; // an example less
  }
}
