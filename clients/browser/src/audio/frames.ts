/** The server's audio as it comes over the wire. */

import { Unreadable } from "../fields";

const VERSION = 1;

export interface AudioFrame {
  readonly itemId: string;
  readonly samples: Int16Array<ArrayBuffer>;
}

/**
 * Audio of a reply: byte 0 is the version, byte 1 the length n of the item's id, then the id in ASCII, a zero byte if
 * 2 + n is odd, then int16 little-endian samples. A frame of another version gives its number.
 */
export function readAudioFrame(frame: ArrayBuffer): AudioFrame | number {
  const bytes = new Uint8Array(frame);
  const [version, length] = bytes;
  if (version === undefined || length === undefined) throw new Unreadable("the audio frame has no header");
  if (version !== VERSION) return version;
  const header = 2 + length + (length % 2);
  if (length === 0 || bytes.length < header) throw new Unreadable("the audio frame ends within its header");
  const itemId = String.fromCharCode(...bytes.subarray(2, 2 + length));
  return { itemId, samples: decodeSamples(bytes.subarray(header)) };
}

export function decodeBase64Audio(base64: string): Int16Array<ArrayBuffer> {
  let binary: string;
  try {
    binary = atob(base64);
  } catch {
    throw new Unreadable("event.delta is not base64");
  }
  return decodeSamples(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

/** A view where the samples lie, at an even offset: browsers run on little-endian machines only. */
function decodeSamples(bytes: Uint8Array<ArrayBuffer>): Int16Array<ArrayBuffer> {
  if (bytes.length % 2 !== 0) throw new Unreadable("the audio ends within a sample");
  return new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}
