/** Forms of credentials that their issuers made recognizable: JSON Web Tokens (API keys of Qlik), tokens of GitHub, private keys. */
const known =
  /(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}|\bgh[a-z]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----/

/** Random texts that are not secret: ids of Qlik's clients (32 hex digits), of commits (40), and UUIDs. */
const ids = /(?<![0-9a-z])(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{40})(?![0-9a-z])/gi

/**
 * Does a text contain something that looks like a credential? True for the forms above, and for a long run of characters in which
 * letters and digits alternate as in random texts, and not as in names. A short or pronounceable secret is not recognized.
 */
export function looksLikeCredential(text: string): boolean {
  if (text.length < shortest) return false
  if (known.test(text)) return true
  const rest = text.replace(ids, ' ')
  return (
    (rest.match(/[A-Za-z0-9]{32,}/g) ?? []).some((run) => changes(run, isDigit) >= run.length / 8) ||
    (rest.match(/[A-Za-z0-9+/=_-]{40,}/g) ?? []).some(isMixed)
  )
}

/** Base64 mixes all kinds; slugs and paths have many punctuation marks, and hardly any capitals. */
function isMixed(run: string): boolean {
  const counts = [/[A-Z]/g, /[a-z]/g, /\d/g].map((kind) => run.match(kind)?.length ?? 0)
  return counts.every((count) => count >= 3) && changes(run, kindOf) >= run.length * 0.45
}

const shortest = 24

/** The share of adjacent characters that are of different kinds. */
function changes(text: string, kind: (char: string) => unknown): number {
  let [count, before] = [0, kind(text[0]!)]
  for (const char of text) {
    const now = kind(char)
    if (now !== before) count++
    before = now
  }
  return count
}

function isDigit(char: string): boolean {
  return char >= '0' && char <= '9'
}

function kindOf(char: string): string {
  if (isDigit(char)) return 'digit'
  if (char >= 'a' && char <= 'z') return 'lower'
  return char >= 'A' && char <= 'Z' ? 'upper' : 'mark'
}
