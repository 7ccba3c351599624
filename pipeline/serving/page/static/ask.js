// Requests to the server: the same that anybody can send, and the curl line that sends them.

const TOKEN = "malgyeol-token";
const LONGEST_LINE = 6000;

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

function headers() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function send(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { ...options, headers: { ...options.headers, ...headers() } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, String(error.message));
  }
  if (reply.ok) return reply;
  const text = await reply.text();
  let message = text;
  try {
    message = JSON.parse(text).error ?? text;
  } catch {
    // not every refusal is JSON
  }
  throw new Refused(reply.status, message.trim());
}

/** `models` that can be asked, and whether others are still `loading`. */
export async function models() {
  return (await send("page/models")).json();
}

const below = (model) => `page/models/${encodeURIComponent(model.name)}`;

/** The path of a file beside a model: its card, its example. */
export const filePath = (model, file) => `${below(model)}/${encodeURIComponent(file)}`;

export const file = (model, name) => send(filePath(model, name));

/** Where the pieces of a text are, in characters; null where the model tells of none. */
export async function pieces(model, text, signal) {
  try {
    const reply = await send(`${below(model)}/pieces`, { method: "POST", body: text, signal });
    return (await reply.json()).spans;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

const address = (model, verb) => `v1/models/${encodeURIComponent(model.name)}:${verb}`;

/** Asks a model: the body's `instances` or `inputs`, answered with `predictions` or `outputs`. */
export async function predict(model, body, signal) {
  const started = performance.now();
  const reply = await send(address(model, "predict"), {
    method: "POST",
    body: JSON.stringify(body),
    signal,
  });
  const answer = await reply.json();
  return {
    answer: answer.predictions ?? answer.outputs,
    milliseconds: performance.now() - started,
  };
}

/** The events of `:stream`: `heard(name, data)` for each, as it comes. */
export async function stream(model, body, heard, signal) {
  const reply = await send(address(model, "stream"), {
    method: "POST",
    body: JSON.stringify(body),
    signal,
  });
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const blocks = rest.split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => {
        const at = line.indexOf(": ");
        return [line.slice(0, at), line.slice(at + 2)];
      }));
      heard(fields.event ?? "message", JSON.parse(fields.data));
    }
  }
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curl(model, verb, data, options = "") {
  const secret = sessionStorage.getItem(TOKEN) ? ' -H "Authorization: Bearer $TOKEN"' : "";
  const url = new URL(address(model, verb), document.baseURI).href;
  return `curl ${options}${secret ? `${secret.trim()} ` : ""}-d ${data} ${quoted(url)}`;
}

/** What to type to ask the same; long requests come from a file. */
export function curlLine(model, body, verb = "predict") {
  const text = JSON.stringify(body);
  const options = verb === "stream" ? "-N " : "";
  if (text.length > LONGEST_LINE) return curl(model, verb, "@request.json", options);
  return curl(model, verb, quoted(text), options);
}

export const isLong = (body) => JSON.stringify(body).length > LONGEST_LINE;

/** What to type to ask about a picture. */
export function curlPicture(model, signature, name) {
  const body = `{"signature_name": "${signature}", "instances": [{"b64": "%s"}]}\\n`;
  const encoded = `"$(base64 < ${quoted(name)} | tr -d '\\n')"`;
  return `printf ${quoted(body)} ${encoded} | ${curl(model, "predict", "@-")}`;
}
