import type { Ledger } from '../model/ledger-shape.ts'

/**
 * What stands in the ledger for the name by which a spec found a space: the same name finds it again without a question to the
 * tenant. Empty for a space that is named by its id. (FNV-1a of 32 bits: it only has to tell twenty names apart.)
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

/** The ledger with these spaces and this bot; without a space of ours and without a wish for one it keeps neither. */
export function withGranted(ledger: Ledger, spaces: Record<string, string>, bot: string | undefined): Ledger {
  const { bot: _bot, spaces: _spaces, ...rest } = ledger
  return {
    ...rest,
    ...(bot === undefined ? {} : { bot }),
    ...(Object.keys(spaces).length === 0 ? {} : { spaces }),
  }
}

/** The ledger without spaces in which we gave nobody anything, or no longer do. */
export function withoutSpaces(ledger: Ledger, ids: ReadonlySet<string>): Ledger {
  const left = Object.entries(ledger.spaces ?? {}).filter(([id]) => !ids.has(id))
  return withGranted(ledger, Object.fromEntries(left), ledger.bot)
}
