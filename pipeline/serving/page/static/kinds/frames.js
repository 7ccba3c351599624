// Labels of the frames of a video, from a table with one row per frame.

import { curlLine, file, predict } from "../ask.js";
import { el, percent, svg, table } from "../dom.js";
import { dropPlace } from "../drop.js";
import { columnsOf, decoded, npyOf, numbersOf, tableOf } from "../tables.js";
import { takes } from "./signatures.js";

export const name = "frames";

const TONES = 8;
const LABEL_COLUMNS = [
  "label", "labels", "phase", "class", "target", "action", "activity", "gesture", "state",
  "라벨", "레이블", "정답", "단계", "동작", "행동", "상태", "분류",
];

export const fits = (signatures) =>
  takes(signatures.serving_default, ["frames", "lengths"], ["label", "score"]);

export function build(panel) {
  const { model } = panel;
  const [, , width] = model.signatures.serving_default.inputs.frames.shape;
  const names = model.facts.features;

  const ask = (read) => panel.run(async (signal) => {
    const { frames, truth } = await read();
    const body = { inputs: { frames: [frames], lengths: [frames.length] } };
    const { answer, milliseconds } = await predict(model, body, signal);
    const segments = segmentsOf(answer.label[0], answer.score[0]);
    const known = truth && segmentsOf(truth, truth.map(() => 1));
    const tones = tonesOf([...segments, ...(known ?? [])]);
    panel.show("frames-labelled", { count: frames.length, segments: segments.length }, milliseconds,
      timeline("predicted", segments, frames.length, tones),
      known && timeline("true-labels", known, frames.length, tones),
      scores(answer.score[0]), legend(tones),
      known && agreement(answer.label[0], truth),
      table("segments", ["label", "from-frame", "to-frame", "certainty"],
        segments.map(({ label, start, end, score }) => [label, start, end, percent(score, 0)])));
    panel.tell(curlLine(model, body), body);
  });

  const fromFile = (chosen) => ask(async () => {
    const buffer = await chosen.arrayBuffer();
    if (chosen.name.endsWith(".npy")) return { frames: npyOf(buffer) };
    const found = tableOf(decoded(buffer));
    const labels = found.header?.findIndex((each) => LABEL_COLUMNS.includes(each.toLowerCase())) ?? -1;
    return {
      frames: numbersOf(found, columnsOf(found, names, width)),
      truth: labels < 0 ? null : found.rows.map((row) => row[labels].trim()),
    };
  });
  panel.form.append(dropPlace("drop-frames", ".csv,.tsv,.txt,.npy", fromFile),
    names?.length ? el("p", { class: "note", words: "columns-needed", values: { names: names.join(", ") } }) : "");
  if (model.files.includes("example.npy")) {
    const example = async () => ({ frames: npyOf(await (await file(model, "example.npy")).arrayBuffer()) });
    panel.offer([[el("span", { words: "own-example" }), () => ask(example)]]);
  }
}

/** Stretches of one label: its first frame, the one after its last, its mean probability. */
function segmentsOf(labels, score) {
  const found = [];
  labels.forEach((label, at) => {
    const last = found.at(-1);
    if (last?.label === label) {
      last.end = at + 1;
      last.sum += score[at];
    } else found.push({ label, start: at, end: at + 1, sum: score[at] });
  });
  return found.map((each) => ({ ...each, score: each.sum / (each.end - each.start) }));
}

function tonesOf(segments) {
  const labels = [...new Set(segments.map(({ label }) => label))].sort();
  return new Map(labels.map((label, i) => [label, i % TONES]));
}

function timeline(key, segments, count, tones) {
  return el("div", { class: "timeline" },
    el("p", { class: "legend", words: key }),
    el("div", { class: "strip", "aria-hidden": "true" }, ...segments.map(({ label, start, end }) => {
      const wide = (end - start) / count;
      return el("span", {
        class: `tone-${tones.get(label)}`, title: `${label} ${start}–${end}`, style: { width: `${100 * wide}%` },
      }, wide > 0.09 ? label : "");
    })),
    el("p", { class: "axis", "aria-hidden": "true" }, ...[0, 0.25, 0.5, 0.75, 1].map((share) =>
      el("span", {}, String(Math.round(share * count))))));
}

function scores(score) {
  const points = score.map((value, at) => `${at},${(1 - value).toFixed(3)}`).join(" ");
  return el("div", { class: "timeline" },
    el("p", { class: "legend", words: "certainty" }),
    svg("svg", { class: "certainty", viewBox: `0 0 ${Math.max(1, score.length - 1)} 1`,
      preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("polyline", { points, "vector-effect": "non-scaling-stroke" })));
}

const legend = (tones) => el("p", { class: "key" }, ...[...tones].map(([label, tone]) =>
  el("span", { class: `piece tone-${tone}` }, label)));

function agreement(labels, truth) {
  const right = labels.filter((label, at) => label === truth[at]).length;
  return el("p", { class: "note", words: "frames-right", values: { share: percent(right / labels.length) } });
}
