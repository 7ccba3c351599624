// What a model is, by what it takes and gives: so a model of any name finds its tab.

import * as anything from "./anything.js";
import * as captioning from "./captioning.js";
import * as charlm from "./charlm.js";
import * as encoder from "./encoder.js";
import * as forecasting from "./forecasting.js";
import * as frames from "./frames.js";
import * as ner from "./ner.js";
import * as sentiment from "./sentiment.js";
import * as translation from "./translation.js";

const KINDS = [sentiment, ner, translation, charlm, encoder, captioning, frames, forecasting];

/** The module for a model: its `name`, `fits(signatures)` and `build(panel)`. */
export function kindOf(model) {
  return KINDS.find((kind) => kind.fits(model.signatures)) ?? anything;
}

/** Where a model stands among the tabs. */
export function orderOf(model) {
  const place = KINDS.indexOf(kindOf(model));
  return place < 0 ? KINDS.length : place;
}
