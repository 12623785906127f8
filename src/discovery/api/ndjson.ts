/** A line that never ends, or ends beyond what any Kubernetes object can need. */
export class LineTooLongError extends Error {
  override readonly name = "LineTooLongError";
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`a line of the stream is longer than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** The stream ended inside a line: cut off, or never one of lines. */
export class CutLineError extends Error {
  override readonly name = "CutLineError";
}

const NEWLINE = 0x0a;

/**
 * Splits a byte stream into lines, however the chunks fall; empty lines are left out.
 *
 * Lines are cut as bytes and decoded whole, so that a character of several bytes may lie across two chunks.
 *
 * @throws LineTooLongError when a line exceeds the bound, CutLineError when the stream ends inside a line; whatever the stream throws.
 */
export async function* ndjsonLines(stream: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<string, void, void> {
  let parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (length + end - start > maxBytes) throw new LineTooLongError(maxBytes);
      const line = Buffer.concat([...parts, chunk.subarray(start, end)]).toString("utf8");
      parts = [];
      length = 0;
      start = end + 1;
      if (line.trim() !== "") yield line;
    }
    length += chunk.length - start;
    if (length > maxBytes) throw new LineTooLongError(maxBytes);
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  if (length > 0) throw new CutLineError("the stream ended inside a line");
}
