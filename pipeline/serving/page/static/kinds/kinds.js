// What a model is, by what it takes and gives: so a model of any name finds its tab.

import * as anything from "./anything.js";
import * as ner from "./ner.js";
import * as sentiment from "./sentiment.js";

const KINDS = [sentiment, ner];

/** The module for a model: its `name`, `fits(signatures)` and `build(panel)`. */
export function kindOf(model) {
  return KINDS.find((kind) => kind.fits(model.signatures)) ?? anything;
}
