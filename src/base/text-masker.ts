/** The replacement for a hidden text; the runner writes the same. */
const replacement = '***'

/**
 * Hides texts in other texts. The time for a search depends on the length of the searched text, not on the number of hidden
 * texts.
 */
export class TextMasker {
  readonly #forms = new Map<number, string[]>()

  /** A single character is never hidden: the result would be unreadable. */
  add(form: string): void {
    if (form.length < 2) return
    const alike = this.#forms.get(startAt(form, 0)) ?? []
    if (alike.includes(form)) return
    alike.push(form)
    alike.sort((a, b) => b.length - a.length)
    this.#forms.set(startAt(form, 0), alike)
  }

  /** The text with all hidden texts replaced, also where they overlap. */
  mask(text: string): string {
    let shown = ''
    let done = 0
    for (let at = 0; at < text.length - 1; at++) {
      const form = this.#forms.get(startAt(text, at))?.find((it) => text.startsWith(it, at))
      if (form === undefined) continue
      if (at >= done) shown += text.slice(done, at) + replacement
      done = Math.max(done, at + form.length)
    }
    return done === 0 ? text : shown + text.slice(done)
  }
}

/** Two characters as one number: a faster key than a string. */
function startAt(text: string, at: number): number {
  return text.charCodeAt(at) * 0x1_00_00 + text.charCodeAt(at + 1)
}
