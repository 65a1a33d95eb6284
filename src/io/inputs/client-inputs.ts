import type * as z from 'zod/mini'
import { plain } from '../../base/text.ts'
import { roomComplaint } from '../../ledger/ledger-size.ts'
import type { Membership } from '../../model/space.ts'
import { clientSchema, type WrittenClient } from '../../spec/client-spec.ts'
import { readSpaceLines } from '../../spec/space-schema.ts'
import type { Problems } from './problems.ts'

const placeInputs = [
  ...(['repository', 'environment', 'organization', 'store', 'visibility'] as const),
  ...(['client-id-name', 'client-id-as', 'client-secret-name'] as const),
] as const

/** Those that describe one client: a spec file says these things for itself. */
export const clientInputs = [
  ...['name', 'client-id', 'description', 'grant-types', 'scopes', 'auth-method', 'consent'],
  ...['deliver', ...placeInputs, 'selected-repositories'],
  ...['spaces', 'rotate-after', 'grace-period'],
]

/** The one client that the inputs describe; undefined where something is wrong with it. `here`: the running repository. */
export function readClient(
  input: (name: string) => string,
  { deliver, here }: { deliver: boolean; here: string },
  problems: Problems,
): WrittenClient | undefined {
  const given = (name: string) => (input(name) === '' ? undefined : input(name))
  for (const name of ['scopes', 'grant-types', 'selected-repositories']) {
    if (given(name) !== undefined && items(given(name))?.length === 0)
      problems.add(name, 'holds no name, only separators', input(name))
  }
  const delivery = {
    ...Object.fromEntries(placeInputs.map((name) => [name, given(name)])),
    'selected-repositories': items(given('selected-repositories')),
  }
  const written = {
    name: given('name'),
    'client-id': given('client-id'),
    description: given('description'),
    'grant-types': items(given('grant-types')),
    scopes: items(given('scopes')),
    'auth-method': given('auth-method'),
    consent: given('consent'),
    rotation: { after: given('rotate-after'), grace: given('grace-period') },
    deliver: deliver ? [delivery] : [],
  }
  const spaces = readSpaces(given('spaces'), problems)
  const result = clientSchema.safeParse(written)
  if (result.success) {
    const client = { ...result.data, spaces }
    const complaint = roomComplaint(client, here)
    if (complaint !== undefined) problems.add('description', complaint)
    return client
  }
  for (const issue of result.error.issues) {
    const name = inputName(issue.path)
    const value = input(name)
    problems.add(name, complaint(issue), value === '' ? undefined : value)
  }
  return undefined
}

/** Undefined where nothing is said of spaces. */
function readSpaces(text: string | undefined, problems: Problems): Membership[] | undefined {
  if (text === undefined) return undefined
  const { spaces, complaints } = readSpaceLines(text)
  for (const complaint of complaints) problems.add('spaces', complaint)
  return spaces
}

function complaint(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value' ? `accepted are ${issue.values.map(String).join(', ')}` : plain(issue.message)
}

/** `rotation.after` of a spec is `rotate-after` of the step, and so on. */
function inputName(path: PropertyKey[]): string {
  const names: Record<string, string> = { 'rotation.after': 'rotate-after', 'rotation.grace': 'grace-period' }
  const key = path
    .filter((part) => typeof part === 'string')
    .join('.')
    .replace(/^deliver\./, '')
  return names[key] ?? (key || 'name')
}

/** The items of a list. */
export function items(text: string | undefined): string[] | undefined {
  return text?.split(/[\s,]+/).filter(Boolean)
}
