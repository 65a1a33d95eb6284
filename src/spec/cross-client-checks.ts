import type { Mistake, Position } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { CheckedFile, ReadableClient, ReadableDelivery } from './check-spec-file.ts'
import { clientNameWord } from './destination-schema.ts'

/** `here`: the running repository, `owner/name`. `tenantOf`: two clients of one name are two on two tenants. */
export type CrossClientRules = { here: string; allowed: string[]; tenantOf: (file: CheckedFile) => string }

type Delivery = ReadableDelivery['delivery']
/** A value on GitHub. `key`: equal for equal places; `label`: for people. */
type Slot = { key: string; role: 'id' | 'secret'; label: string }
type Taken = { where: string; owner: ReadableClient; role: Slot['role'] }

/** Mistakes between clients, also of several files, and in their destinations. */
export function checkAcrossClients(files: CheckedFile[], rules: CrossClientRules): Mistake[] {
  return [...sameNames(files, rules), ...samePlaces(files, rules), ...outside(files, rules)]
}

function sameNames(files: CheckedFile[], { tenantOf }: CrossClientRules): Mistake[] {
  const seen = new Map<string, { where: string; pinned: boolean }>()
  return files.flatMap((file) => {
    const first = (kind: string, value: string, at: Position, pinned: boolean) => {
      const key = JSON.stringify([tenantOf(file), kind, value])
      const before = seen.get(key)
      if (before === undefined) seen.set(key, { where: `${plain(file.file)}:${at.line}`, pinned })
      return before
    }
    return file.drafts.flatMap(({ name, at, pin }) => {
      const named = name === undefined ? undefined : first('name', name, at, pin !== undefined)
      const pinned = pin === undefined ? undefined : first('client-id', pin.id, pin.at, true)
      const mistake = (position: Position, message: string) => [{ file: file.file, ...position, message }]
      if (pin !== undefined && pinned !== undefined)
        return mistake(pin.at, `client-id: another client pins the same already (${pinned.where})`)
      if (named === undefined || (named.pinned && pin !== undefined)) return []
      const text = `name: there is a client ${plain(name!, 80)} already (${named.where}); give each a client-id, or another name`
      return mistake(at, text)
    })
  })
}

/** Two clients in one place would overwrite each other in every run. */
function samePlaces(files: CheckedFile[], { here }: CrossClientRules): Mistake[] {
  const seen = new Map<string, Taken>()
  return files.flatMap(({ file, drafts }) =>
    drafts
      .filter(({ absent }) => !absent)
      .flatMap((draft) => {
        const clashes = draft.deliveries.flatMap(({ key, at, delivery, isInherited }) => {
          const [clash] = slots(delivery, draft.secretName, here).flatMap((slot) => {
            const first = seen.get(slot.key)
            if (first === undefined)
              seen.set(slot.key, { where: `${plain(file)}:${at.line}`, owner: draft, role: slot.role })
            // One client may write its id to a place twice.
            const fine = first === undefined || (first.owner === draft && first.role === 'id' && slot.role === 'id')
            return fine ? [] : [{ first, slot }]
          })
          if (clash === undefined) return []
          return [{ file, ...at, message: clashText(clash, { key, draft, isInherited }), isInherited }]
        })
        // All places from the defaults share one line for this client.
        const inherited = clashes.filter(({ isInherited }) => isInherited).slice(0, 1)
        return [...clashes.filter(({ isInherited }) => !isInherited), ...inherited].map(
          ({ isInherited: _, ...mistake }) => mistake,
        )
      }),
  )
}

function clashText(
  { first, slot }: { first: Taken; slot: Slot },
  { key, draft, isInherited }: { key: string; draft: ReadableClient; isInherited: boolean },
): string {
  const by = first.owner === draft ? 'another entry of this list' : `client ${plain(first.owner.name ?? '', 80)}`
  const help = isInherited ? `write ${clientNameWord} in its name` : 'give one of them another place or name'
  const value = slot.role === 'id' ? 'client id' : 'client secret'
  return `${key}: the ${value} of client ${plain(draft.name ?? '', 80)} has the same place as the one of ${by} (${first.where}), ${slot.label}; ${help}`
}

/** The secrets and variables that a delivery writes. Names of repositories and environments are not case-sensitive. */
function slots(delivery: Delivery, usualName: string, here: string): Slot[] {
  const { store, environment = '' } = delivery
  const subject = subjectOf(delivery, here)
  const place = [store, subject.toLowerCase(), environment.toLowerCase()]
  const slot = (role: Slot['role'], kind: string, name: string) => ({
    key: JSON.stringify([...place, kind, name]),
    role,
    label: `${kind} ${name} in ${plain(subject)}${environment === '' ? '' : `, environment ${plain(environment, 80)}`}`,
  })
  const idAs = delivery['client-id-as']
  return [
    slot('secret', 'secret', delivery['client-secret-name'] ?? usualName),
    ...(idAs === 'none' ? [] : [slot('id', idAs, delivery['client-id-name'])]),
  ]
}

/** `owner/name` of a repository, or the name of an organization. */
function subjectOf({ organization, repository }: Delivery, here: string): string {
  return organization ?? repository ?? here
}

function outside(files: CheckedFile[], { here, allowed }: CrossClientRules): Mistake[] {
  return files.flatMap(({ file, drafts }) =>
    drafts.flatMap(({ name = '', deliveries }) =>
      deliveries
        .map((delivery) => ({ ...delivery, subject: subjectOf(delivery.delivery, here) }))
        .filter(({ subject }) => !isAllowed(subject, allowed, here))
        .map(({ key, at, subject }) => ({
          file,
          ...at,
          message: `${key}: client ${plain(name, 80)} is delivered to ${plain(subject)}, which the input allow-destinations does not name`,
        })),
    ),
  )
}

/**
 * May a spec file deliver to this repository (`owner/name`) or organization? The running repository is always allowed. A `*`
 * matches any part of a name; case does not count.
 */
function isAllowed(subject: string, patterns: string[], here: string): boolean {
  return [here, ...patterns].some((pattern) => {
    const [parts, names] = [pattern, subject].map((text) => text.toLowerCase().split('/')) as [string[], string[]]
    return parts.length === names.length && parts.every((part, index) => matches(part, names[index]!))
  })
}

/** A name against a pattern, from star to star: each part at its earliest match, so that no part is tried twice. */
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
