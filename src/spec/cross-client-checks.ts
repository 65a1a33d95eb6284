import type { Mistake, Position } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { CheckedFile } from './spec-file.ts'

/** `here`: the running repository, `owner/name`. `tenantOf`: two clients of one name are two on two tenants. */
export type Rules = { here: string; allowed: string[]; tenantOf: (file: CheckedFile) => string }

type Delivery = CheckedFile['drafts'][number]['deliveries'][number]['delivery']
type Seen = { file: string; at: Position; owner: object; role: string }

/** What is wrong between clients, also of several files, and with where they go. */
export function checkTogether(files: CheckedFile[], rules: Rules): Mistake[] {
  return [...sameNames(files, rules), ...samePlaces(files, rules), ...outside(files, rules)]
}

function sameNames(files: CheckedFile[], { tenantOf }: Rules): Mistake[] {
  const seen = new Map<string, string>()
  return files.flatMap((file) => {
    const repeated = (what: string, value: string, at: Position, message: string) => {
      const key = JSON.stringify([tenantOf(file), what, value])
      const first = seen.get(key)
      if (first === undefined) seen.set(key, `${plain(file.file)}:${at.line}`)
      return first === undefined ? [] : [{ file: file.file, ...at, message: `${what}: ${message} already (${first})` }]
    }
    return file.drafts.flatMap(({ name, at, pin }) => [
      ...(name === undefined ? [] : repeated('name', name, at, `there is a client ${plain(name, 80)}`)),
      ...(pin === undefined ? [] : repeated('client-id', pin.id, pin.at, 'another client pins the same')),
    ])
  })
}

/** Values of two clients in one place would take turns, and each run would find the other's. */
function samePlaces(files: CheckedFile[], { here }: Rules): Mistake[] {
  const seen = new Map<string, Seen & { name: string }>()
  const mistakes: Mistake[] = []
  for (const { file, drafts } of files) {
    for (const draft of drafts.filter(({ absent }) => !absent)) {
      for (const { at, delivery } of draft.deliveries) {
        const taken = slots(delivery, draft.secretName, here).flatMap(({ slot, role }) => {
          const first = seen.get(slot)
          if (first === undefined) seen.set(slot, { file, at, owner: draft, role, name: draft.name ?? '' })
          // One client's id is the same wherever it is written twice.
          const fine = first === undefined || (first.owner === draft && first.role === 'id' && role === 'id')
          return fine ? [] : [{ first, role }]
        })
        const [clash] = taken
        if (clash === undefined) continue
        const { first, role } = clash
        const by = first.owner === draft ? 'another entry of this list' : `client ${plain(first.name, 80)}`
        const message = `deliver: its ${role === 'id' ? 'client id' : 'client secret'} goes where ${by} is delivered (${plain(first.file)}:${first.at.line}); give one of them another place or name`
        mistakes.push({ file, ...at, message })
      }
    }
  }
  return mistakes
}

/** The secrets and variables that a delivery writes. Names of repositories and environments know no case. */
function slots(delivery: Delivery, usualName: string, here: string): { slot: string; role: 'id' | 'secret' }[] {
  const { store, environment = '' } = delivery
  const place = [store, subjectOf(delivery, here).toLowerCase(), environment.toLowerCase()]
  const slot = (kind: string, name: string) => JSON.stringify([...place, kind, name])
  const idAs = delivery['client-id-as']
  return [
    { slot: slot('secret', delivery['client-secret-name'] ?? usualName), role: 'secret' },
    ...(idAs === 'none' ? [] : [{ slot: slot(idAs, delivery['client-id-name']), role: 'id' as const }]),
  ]
}

/** `owner/name` of a repository, or the name of an organization. */
function subjectOf({ organization, repository }: Delivery, here: string): string {
  return organization ?? repository ?? here
}

function outside(files: CheckedFile[], { here, allowed }: Rules): Mistake[] {
  return files.flatMap(({ file, drafts }) =>
    drafts
      .flatMap(({ deliveries }) => deliveries)
      .filter(({ delivery }) => !isAllowed(subjectOf(delivery, here), allowed, here))
      .map(({ at }) => ({
        file,
        ...at,
        message: 'deliver: goes to a repository or organization that the input allow-destinations does not name',
      })),
  )
}

/**
 * May a spec file deliver to this repository (`owner/name`) or organization? The running repository is always allowed. A `*`
 * stands for any part of a name; case does not count.
 */
export function isAllowed(subject: string, patterns: string[], here: string): boolean {
  return [here, ...patterns].some((pattern) => {
    const [parts, names] = [pattern, subject].map((text) => text.toLowerCase().split('/')) as [string[], string[]]
    return parts.length === names.length && parts.every((part, index) => matches(part, names[index]!))
  })
}

/** A name against a pattern, from star to star: each part as early as it can stand, so that nothing is tried twice. */
function matches(pattern: string, name: string): boolean {
  const [start = '', ...rest] = pattern.split('*')
  const end = rest.pop()
  if (end === undefined) return name === pattern
  let at = start.length
  for (const part of rest) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return name.startsWith(start) && name.endsWith(end) && name.length - end.length >= at
}
