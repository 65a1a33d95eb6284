/**
 * Every text that must be registered as a mask for one secret value, the value itself first, without repetitions.
 *
 * The runner derives eleven encodings of its own (actions/runner, ValueEncoders.cs), but not hex, base64url, nor base64
 * with something before or after the value. What is left of base64 whatever surrounds it are its three cores: the part of
 * the value that starts at byte 0, 1 or 2 and fills whole groups of three.
 */
export function maskForms(value: string): string[] {
  const bytes = new TextEncoder().encode(value)
  const forms = [
    value,
    ...value.split(/\r?\n/),
    // Half a character has no encoding.
    encodeURIComponent(value.toWellFormed()),
    formEncoded(value),
    JSON.stringify(value).slice(1, -1),
  ]
  for (const start of [0, 1, 2]) {
    const core = base64(bytes.subarray(start, start + 3 * Math.floor((bytes.length - start) / 3)))
    forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'))
  }
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  forms.push(base64(bytes), hex, hex.toUpperCase())
  return [...new Set(forms.filter((form) => form.trim().length >= shortestMask || form === value))].filter(Boolean)
}

// A mask of a few characters would shred every log; a form that short gives nothing away by itself.
const shortestMask = 6

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}

function formEncoded(value: string): string {
  return new URLSearchParams({ v: value }).toString().slice(2)
}
