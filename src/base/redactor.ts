/** What stands in place of a text that nobody should read; the runner writes it so, too. */
const blot = '***'

/** Texts to be hidden in others. How long looking takes depends on the text that is looked through, not on how many are to be hidden. */
export class Blots {
  readonly #forms = new Map<number, string[]>()

  /** A single character is hidden nowhere: nothing could be read any more. */
  add(form: string): void {
    if (form.length < 2) return
    const alike = this.#forms.get(startAt(form, 0)) ?? []
    if (alike.includes(form)) return
    alike.push(form)
    alike.sort((a, b) => b.length - a.length)
    this.#forms.set(startAt(form, 0), alike)
  }

  /** The text without every character that belongs to one of them, wherever they overlap. */
  over(text: string): string {
    let shown = ''
    let done = 0
    for (let at = 0; at < text.length - 1; at++) {
      const form = this.#forms.get(startAt(text, at))?.find((it) => text.startsWith(it, at))
      if (form === undefined) continue
      if (at >= done) shown += text.slice(done, at) + blot
      done = Math.max(done, at + form.length)
    }
    return done === 0 ? text : shown + text.slice(done)
  }
}

/** Two characters as one number: cheaper to look up than a piece of text. */
function startAt(text: string, at: number): number {
  return text.charCodeAt(at) * 0x1_00_00 + text.charCodeAt(at + 1)
}
