/** What a key of a spec file holds, as plain data. Keys stand in their order. */
export type Draft = string | number | Draft[] | { [key: string]: Draft }

/** A spec file before it is text. Comments are harmless lines, without the `#`. */
export type SpecDraft = {
  head: string[]
  tenant: string
  defaults: Record<string, Draft>
  clients: { about: string[]; entry: Record<string, Draft> }[]
  foot: string[]
}
