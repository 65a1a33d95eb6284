/** The value of a key in a spec file, as plain data. Keys keep their order. */
export type DraftValue = string | number | DraftValue[] | { [key: string]: DraftValue }

/** A spec file before it is written as text. Comments are harmless lines, without the `#`. */
export type SpecDraft = {
  head: string[]
  tenant: string
  defaults: Record<string, DraftValue>
  clients: { about: string[]; entry: Record<string, DraftValue> }[]
  foot: string[]
}
