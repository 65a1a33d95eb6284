import type * as z from 'zod/mini'
import { plain } from '../../base/text.ts'
import { roomComplaint } from '../../ledger/ledger-size.ts'
import type { Membership } from '../../model/space.ts'
import { clientSchema, type WrittenClient } from '../../spec/client-spec.ts'
import { clientNameWord } from '../../spec/destination-schema.ts'
import { readSpaceLines } from '../../spec/space-schema.ts'
import type { Input, InputName } from './input-table.ts'
import type { Problems } from './problems.ts'

const placeInputs = [
  ...(['repository', 'environment', 'organization', 'store', 'visibility'] as const),
  ...(['client-id-name', 'client-id-as', 'client-secret-name'] as const),
] as const

/** The inputs that describe one client; a spec file has keys for them. */
export const clientInputs: readonly InputName[] = [
  ...(['name', 'client-id', 'description', 'grant-types', 'scopes', 'auth-method', 'consent'] as const),
  ...(['deliver', ...placeInputs, 'selected-repositories'] as const),
  ...(['spaces', 'rotate-after', 'grace-period'] as const),
]

/** The one client that the inputs describe; undefined if it has a mistake. `here`: the running repository. */
export function readClientInputs(
  input: Input,
  { deliver, here }: { deliver: boolean; here: string },
  problems: Problems,
): WrittenClient | undefined {
  const given = (name: InputName) => (input(name) === '' ? undefined : input(name))
  for (const name of ['scopes', 'grant-types', 'selected-repositories'] as const) {
    if (given(name) !== undefined && listItems(given(name))?.length === 0)
      problems.add(name, 'contains no name, only separators', input(name))
  }
  refuseNameWord(input, problems)
  const spaces = readSpaces(given('spaces'), problems)
  const result = clientSchema.safeParse(writtenClient(given, deliver))
  if (!result.success) {
    addComplaints(result.error.issues, input, problems)
    return undefined
  }
  const client = { ...result.data, spaces }
  const complaint = roomComplaint(client, here)
  if (complaint !== undefined) problems.add('description', complaint)
  return client
}

/** The client in the form of a spec file. */
function writtenClient(given: (name: InputName) => string | undefined, deliver: boolean) {
  const delivery = {
    ...Object.fromEntries(placeInputs.map((name) => [name, given(name)])),
    'selected-repositories': listItems(given('selected-repositories')),
  }
  return {
    name: given('name'),
    'client-id': given('client-id'),
    description: given('description'),
    'grant-types': listItems(given('grant-types')),
    scopes: listItems(given('scopes')),
    'auth-method': given('auth-method'),
    consent: given('consent'),
    rotation: { after: given('rotate-after'), grace: given('grace-period') },
    deliver: deliver ? [delivery] : [],
  }
}

/** Reports only the first wrong item of a list. */
function addComplaints(issues: z.core.$ZodIssue[], input: Input, problems: Problems): void {
  const first = new Map(issues.toReversed().map((issue) => [inputName(issue.path), issue]))
  for (const [name, issue] of first) {
    const value = input(name)
    problems.add(name, complaint(issue), value === '' ? undefined : value)
  }
}

/** Undefined if the input is left out. */
function readSpaces(text: string | undefined, problems: Problems): Membership[] | undefined {
  if (text === undefined) return undefined
  const { spaces, complaints } = readSpaceLines(text)
  for (const complaint of complaints) problems.add('spaces', complaint)
  return spaces
}

/** A pattern of names makes sense only for the list of clients in a spec file. */
function refuseNameWord(input: Input, problems: Problems): void {
  for (const name of ['client-id-name', 'client-secret-name'] as const)
    if (input(name).includes(clientNameWord))
      problems.refuse(name, `can’t contain ${clientNameWord}, which is replaced in spec files only`, input(name))
}

function complaint(issue: z.core.$ZodIssue): string {
  const last = issue.path.at(-1)
  const item =
    typeof last === 'number' && (issue.path[0] !== 'deliver' || issue.path.length > 2) ? ` (item ${last + 1})` : ''
  const text =
    issue.code === 'invalid_value' ? `accepted are ${issue.values.map(String).join(', ')}` : plain(issue.message)
  return `${text}${item}`
}

/** `rotation.after` of a spec is `rotate-after` of the step, and so on. */
function inputName(path: PropertyKey[]): InputName {
  const names: Record<string, InputName> = { 'rotation.after': 'rotate-after', 'rotation.grace': 'grace-period' }
  const key = path
    .filter((part) => typeof part === 'string')
    .join('.')
    .replace(/^deliver\./, '')
  return names[key] ?? ((key || 'name') as InputName)
}

/** The items of a list. */
export function listItems(text: string | undefined): string[] | undefined {
  return text?.split(/[\s,]+/).filter(Boolean)
}
