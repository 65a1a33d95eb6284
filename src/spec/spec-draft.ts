/** The value of a key in a spec file, as plain data. Keys keep their order. */
export type Draft = string | number | Draft[] | { [key: string]: Draft }

/** A spec file before it is written as text. Comments are harmless lines, without the `#`. */
export type SpecDraft = {
  head: string[]
  tenant: string
  defaults: Record<string, Draft>
  clients: { about: string[]; entry: Record<string, Draft> }[]
  foot: string[]
}
