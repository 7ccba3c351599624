// Questions about what a signature takes and gives.

/** Whether a signature takes exactly these inputs and gives at least these outputs. */
export function takes(signature, inputs, outputs) {
  return signature !== undefined
    && Object.keys(signature.inputs).sort().join() === [...inputs].sort().join()
    && outputs.every((name) => name in signature.outputs);
}

/** Whether a signature takes a text a row, and gives these. */
export const takesText = (signature, outputs) =>
  takes(signature, ["text"], outputs) && signature.inputs.text.dtype === "string";
