import type { Ledger } from '../model/ledger-shape.ts'

/**
 * The mark that the ledger keeps in place of a space's name: the same name in a spec finds the space again without a request. Empty for a
 * space that the spec names by its id. (FNV-1a of 32 bits: it only has to distinguish twenty names.)
 */
export function nameMark(name: string | undefined): string {
  if (name === undefined) return ''
  let hash = 0x811c9dc5
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36)
}

/** Ids of the spaces that this action granted, or was about to. */
export function grantedSpaces(ledger: Ledger | undefined): string[] {
  return Object.keys(ledger?.spaces ?? {})
}

/** The ledger with these spaces and this bot. If we granted no space and the spec names none, it keeps neither. */
export function withGranted(ledger: Ledger, spaces: Record<string, string>, bot: string | undefined): Ledger {
  const { bot: _bot, spaces: _spaces, ...rest } = ledger
  return {
    ...rest,
    ...(bot === undefined ? {} : { bot }),
    ...(Object.keys(spaces).length === 0 ? {} : { spaces }),
  }
}

/** The ledger without spaces that we did not grant, or granted no longer. */
export function withoutSpaces(ledger: Ledger, ids: ReadonlySet<string>): Ledger {
  const left = Object.entries(ledger.spaces ?? {}).filter(([id]) => !ids.has(id))
  return withGranted(ledger, Object.fromEntries(left), ledger.bot)
}
