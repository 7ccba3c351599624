// The next numbers of a series, beside the naive line.

import { curlLine, file, predict } from "../ask.js";
import { el, labelled, say, table } from "../dom.js";
import { dropPlace } from "../drop.js";
import { problem } from "../panel.js";
import { columnsOf, decoded, npyOf, numbersOf, tableOf } from "../tables.js";
import { curve, short } from "./curve.js";
import { takes } from "./signatures.js";

export const name = "forecasting";

export const fits = (signatures) => takes(signatures.serving_default, ["history"], ["forecast"]);

export function build(panel) {
  const { model } = panel;
  const signature = model.signatures.serving_default;
  const [, window, width] = signature.inputs.history.shape;
  const horizon = signature.outputs.forecast.shape[1] ?? model.facts.series?.horizon;
  const names = model.facts.series?.channels ?? Array.from({ length: width }, (_, i) => String(i + 1));
  const channel = el("select", {}, ...names.map((each, i) => el("option", { value: i }, each)));
  const heldOut = el("input", { type: "checkbox" });
  let redraw = () => {};
  let again = () => {};
  channel.addEventListener("change", () => redraw());
  heldOut.addEventListener("change", () => again());

  const ask = (read) => {
    again = () => panel.run(async (signal) => {
      const { steps, times } = await read();
      const held = heldOut.checked ? horizon : 0;
      if (steps.length < window + held) throw problem("too-short", { rows: steps.length, window: window + held });
      const end = steps.length - held;
      const history = steps.slice(end - window, end);
      const body = { instances: [history] };
      const { answer: [row], milliseconds } = await predict(model, body, signal);
      const result = {
        history, forecast: row.forecast ?? row, truth: steps.slice(end), times: times?.slice(end - window, end),
        season: model.facts.series?.season ?? 1, names,
      };
      const place = el("div", { class: "chart" });
      redraw = () => place.replaceChildren(...chart(result, Number(channel.value)));
      redraw();
      panel.show("forecast-is", { horizon, window }, milliseconds, place);
      panel.tell(curlLine(model, body), body);
    });
    return again();
  };

  panel.form.append(
    dropPlace("drop-series", ".csv,.tsv,.txt,.npy", (chosen) => ask(() => fromFile(chosen, names, width))),
    el("p", { class: "note", words: "columns-needed", values: { names: names.join(", ") } }),
    el("div", { class: "fields" }, labelled("channel", channel)),
    el("label", { class: "check" }, heldOut, el("span", { words: "hold-out", values: { horizon } })));
  if (model.files.includes("example.npy")) {
    const example = async () => ({ steps: npyOf(await (await file(model, "example.npy")).arrayBuffer()) });
    panel.offer([[el("span", { words: "own-example" }), () => ask(example)]]);
  }
}

/** Steps in the order of time; a cell that is empty has the number above it. */
async function fromFile(chosen, names, width) {
  const buffer = await chosen.arrayBuffer();
  if (chosen.name.endsWith(".npy")) return { steps: npyOf(buffer) };
  const found = tableOf(decoded(buffer));
  const columns = columnsOf(found, names, width);
  const free = (found.header ?? []).findIndex((_, place) => !columns.includes(place));
  const instant = (cell) => Date.parse(cell.trim().replaceAll(".", "-").replaceAll("/", "-"));
  if (free >= 0 && instant(found.rows[0][free]) > instant(found.rows.at(-1)[free])) found.rows.reverse();
  return {
    steps: numbersOf(found, columns, (above, row, column) => above[row - 1]?.[column] ?? NaN),
    times: free < 0 ? null : found.rows.map((row) => row[free].trim()),
  };
}

/** What a season ago was, again and again. */
const naiveOf = (values, horizon, season) => {
  const length = Math.min(season, values.length);
  return Array.from({ length: horizon }, (_, i) => values[values.length - length + (i % length)]);
};

function chart({ history, forecast, truth, times, season, names }, channel) {
  const of = (rows) => rows.map((row) => row[channel]);
  const [was, next, came] = [of(history), of(forecast), of(truth)];
  const naive = naiveOf(was, next.length, season);
  const from = was.length - 1; // lines go on from the last number
  const joined = (values) => [was.at(-1), ...values];
  const lines = [
    { kind: "naive", from, values: joined(naive) },
    { kind: "was", from: 0, values: was },
    ...(came.length ? [{ kind: "came", from, values: joined(came) }] : []),
    { kind: "forecast", from, values: joined(next) },
  ];
  const ends = [[0, times?.[0] ?? String(1 - was.length)], [from, times?.at(-1) ?? "0"], [from + next.length, `+${next.length}`]];
  const label = say("curve-label", { name: names[channel], first: short(next[0]), last: short(next.at(-1)), count: next.length });
  const keys = ["was", "forecast", "naive", ...(came.length ? ["came"] : [])];
  const columns = ["step", "forecast", "naive", ...(came.length ? ["came"] : [])];
  const rows = next.map((value, i) => [`+${i + 1}`, ...[next, naive, ...(came.length ? [came] : [])].map((each) => short(each[i]))]);
  return [
    el("p", { class: "legend" }, names[channel]),
    curve(lines, ends, label),
    el("p", { class: "key lines" }, ...keys.map((kind) => el("span", { class: `line-key ${kind}` }, el("i", { "aria-hidden": "true" }),
      el("span", { words: kind })))),
    el("p", { class: "note", words: season > 1 ? "naive-season" : "naive-last", values: { season } }),
    el("details", {}, el("summary", { words: "numbers" }), table("forecast-numbers", columns, rows)),
  ];
}
