import * as z from 'zod/mini'
import { isPrintable, plain } from '../base/text.ts'
import { looksLikeSpaceId, type Membership, refLabel, type SpaceRef, spaceIdPattern } from '../model/space.ts'

export const mostSpaces = 20

const role = z
  .string()
  .check(
    z.minLength(1, 'is empty'),
    z.maxLength(64, 'has at most 64 characters'),
    z.refine(isPrintable, 'contains control characters'),
  )

const fields = z.strictObject({
  name: z.optional(
    z
      .string()
      .check(
        z.minLength(1, 'is empty'),
        z.maxLength(256, 'has at most 256 characters'),
        z.refine(isPrintable, 'contains control characters'),
      ),
  ),
  id: z.optional(z.string().check(z.regex(spaceIdPattern, 'is not the id of a space'))),
  roles: z.array(role).check(z.minLength(1, 'names no role'), z.maxLength(20, 'has at most 20 roles')),
})

/** Keys of a space, for people who misspelt one. */
export const spaceKeys = Object.keys(fields.shape)

/** One space as users write it in a file: by its name or by its id. */
const writtenSpace = fields.check(
  z.superRefine(({ id, name }, { addIssue, issues }) => {
    // A misspelt key is already reported.
    if (id === undefined && name === undefined && issues.length === 0)
      addIssue({ code: 'custom', message: 'does not say which space: give its name or its id' })
    if (id !== undefined && name !== undefined)
      addIssue({ code: 'custom', path: ['id'], message: 'and name are two ways to name a space: give one of them' })
  }),
)

/** The spaces that a client's user is a member of. */
export const spacesSchema = z.pipe(
  // The checks of the list also run if a space has a mistake: they read the spaces as they are written.
  z.array(writtenSpace).check(
    z.maxLength(mostSpaces, `has at most ${mostSpaces} spaces`),
    z.superRefine((spaces, { addIssue }) => {
      for (const index of repeated(spaces)) addIssue({ code: 'custom', path: [index], message: 'names a space twice' })
    }),
  ),
  z.transform((spaces) =>
    spaces.map(({ id, name, roles }): Membership => ({ space: { id, name }, roles: [...new Set(roles)] })),
  ),
)

/** Positions of the spaces that repeat an earlier one. */
function repeated(spaces: readonly { id?: string | undefined; name?: string | undefined }[]): number[] {
  const keys = spaces.map(({ id, name }) => (id === undefined && name === undefined ? '' : JSON.stringify([id, name])))
  return keys.flatMap((key, index) => (key !== '' && keys.indexOf(key) < index ? [index] : []))
}

/** The spaces in the lines of the input, `<name or id>: <role> [<role> …]`, with all mistakes in them. `[]` is the empty list. */
export function readSpaceLines(text: string): { spaces: Membership[]; complaints: string[] } {
  if (/^\[\s*\]$/.test(text.trim())) return { spaces: [], complaints: [] }
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim())
  const read = lines.flatMap((line, index) => (line === '' ? [] : [readLine(line, index + 1)]))
  const spaces = read.flatMap(({ space }) => space ?? [])
  const complaints = [
    ...read.flatMap(({ complaint }) => complaint ?? []),
    ...repeated(spaces.map(({ space }) => space)).map(
      (index) => `${plain(refLabel(spaces[index]!.space), 80)} is named twice`,
    ),
    ...(spaces.length > mostSpaces ? [`has at most ${mostSpaces} spaces, and ${spaces.length} are given`] : []),
  ]
  return { spaces, complaints }
}

const form = 'a line is <name or id>: <role> [<role> …]'

function readLine(line: string, number: number): { space?: Membership; complaint?: string } {
  const colon = line.lastIndexOf(':')
  if (colon < 0) return { complaint: `line ${number} has no colon; ${form}` }
  const [named, roles] = [
    line.slice(0, colon).trim(),
    line
      .slice(colon + 1)
      .split(/[\s,]+/)
      .filter(Boolean),
  ]
  if (named === '') return { complaint: `line ${number} names no space; ${form}` }
  if (roles.length === 0) return { complaint: `line ${number} names no role; ${form}` }
  const space: SpaceRef = looksLikeSpaceId(named)
    ? { id: named.toLowerCase() }
    : { name: named, ...(spaceIdPattern.test(named) ? { id: named } : {}) }
  const parsed = fields.safeParse({ roles, ...(space.name === undefined ? { id: space.id } : { name: space.name }) })
  if (!parsed.success) return { complaint: `line ${number}: ${plain(parsed.error.issues[0]!.message)}` }
  return { space: { space, roles: [...new Set(roles)] } }
}
