// Tables of numbers that people have: CSV in the encodings and with the signs that occur, and .npy.

import { problem } from "./panel.js";

/** Text of UTF-8, UTF-16 with its mark, or CP949. */
export function decoded(buffer) {
  const [a, b] = new Uint8Array(buffer.slice(0, 2));
  if (a === 0xff && b === 0xfe) return new TextDecoder("utf-16le").decode(buffer);
  if (a === 0xfe && b === 0xff) return new TextDecoder("utf-16be").decode(buffer);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("euc-kr").decode(buffer);
  }
}

/** Rows of cells of a CSV; what separates them is what the first line has most of. */
export function cellsOf(text) {
  const line = text.slice(0, text.search(/\r?\n|$/));
  const separator = [",", "\t", ";"].sort((a, b) => line.split(b).length - line.split(a).length)[0];
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') cell += text[at++];
      else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === separator) {
      row.push(cell);
      cell = "";
    } else if (sign === "\n") {
      rows.push([...row, cell]);
      row = [];
      cell = "";
    } else if (sign !== "\r") cell += sign;
  }
  if (cell !== "" || row.length) rows.push([...row, cell]);
  return rows.filter((cells) => cells.some((each) => each.trim() !== ""));
}

/** A number as it is written in a table, with separators of thousands; NaN for anything else. */
export function numberOf(cell) {
  const plain = cell.trim().replace(/^([+-]?\d{1,3})((?:,\d{3})+)(?=\.|$)/, (_, a, b) => a + b.replaceAll(",", ""));
  return plain === "" ? NaN : Number(plain);
}

const sameName = (a, b) => a.trim().normalize("NFC").toLowerCase() === b.trim().normalize("NFC").toLowerCase();

/**
 * A table with its header.
 * @return {header, rows}: names, or null where the first row has numbers already; cells.
 */
export function tableOf(text) {
  const rows = cellsOf(text);
  if (!rows.length) throw problem("file-empty");
  const named = rows[0].every((cell) => Number.isNaN(numberOf(cell)));
  return named ? { header: rows[0].map((cell) => cell.trim()), rows: rows.slice(1) } : { header: null, rows };
}

/** Places of columns by their names; the first ones where there are no names. */
export function columnsOf({ header }, names, count) {
  if (!header || !names?.length) return Array.from({ length: count }, (_, place) => place);
  return names.map((name) => {
    const place = header.findIndex((each) => sameName(each, name));
    if (place < 0) throw problem("no-column", { name, there: header.join(", ") });
    return place;
  });
}

/** Numbers [rows, columns]; `empty(row, column)` says what an empty cell is, or nothing. */
export function numbersOf({ header, rows }, columns, empty = () => NaN) {
  const found = [];
  rows.forEach((cells, row) => found.push(columns.map((place, column) => {
    const cell = cells[place] ?? "";
    const value = cell.trim() === "" ? empty(found, row, column) : numberOf(cell);
    if (Number.isFinite(value)) return value;
    throw problem("not-a-number", { line: row + (header ? 2 : 1), cell, name: header?.[place] ?? place + 1 });
  })));
  return found;
}

/** float32 [rows, columns] of an .npy file. */
export function npyOf(buffer) {
  const view = new DataView(buffer);
  const long = view.getUint8(6) > 1;
  const size = long ? view.getUint32(8, true) : view.getUint16(8, true);
  const begin = (long ? 12 : 10) + size;
  const head = new TextDecoder("latin1").decode(buffer.slice(begin - size, begin));
  const shape = /'shape': \(([^)]*)\)/.exec(head)[1].split(",").filter((part) => part.trim()).map(Number);
  if (!head.includes("'<f4'") || head.includes("True") || shape.length !== 2) throw problem("not-npy");
  const values = new Float32Array(buffer.slice(begin));
  return Array.from({ length: shape[0] }, (_, row) =>
    Array.from(values.subarray(row * shape[1], (row + 1) * shape[1])));
}
