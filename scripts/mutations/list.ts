/**
 * One part of the sources: of the function or constant named by `in`, or of any file. Exactly one of the other fields selects the
 * code: the value of a constant or property, a call, a returned value, or a comparison.
 */
export type Place = {
  in?: string
  constant?: string
  call?: string
  property?: string
  returns?: true
  test?: '>=' | '<' | '>' | '<='
}

/** A rule that is taken out: the code at a place becomes this. `tests`: parts of the names of the test files that hold the rule first. */
export type Mutation = { name: string; at: Place; becomes: string; tests?: string[] }

export const mutations: Mutation[] = [
  {
    name: 'issue without announcing',
    at: { in: 'announce', call: 'describe' },
    becomes: 'Promise.resolve({ value: undefined, at: work.reading.now })',
  },
  { name: 'deliver without the two seconds', at: { constant: 'stampGap' }, becomes: '0' },
  { name: 'hold a lease of one second', at: { constant: 'lease' }, becomes: '1' },
  { name: 'announce without keeping suspects', at: { in: 'announcedLedger', constant: 'suspects' }, becomes: '{}' },
  { name: 'do not look for orphans', at: { in: 'classifySecrets', constant: 'orphans' }, becomes: '[]' },
  { name: 'retire orphans that may have been delivered', at: { in: 'lostAmong', call: 'every' }, becomes: 'true' },
  {
    name: 'take a value that was written while a run announced for an older one',
    at: { in: 'isUntouched', constant: 'wasBefore' },
    becomes: 'true',
  },
  { name: 'do not look back', at: { in: 'commitDelivery', constant: 'correction' }, becomes: 'undefined' },
  {
    name: 'trust a delivery that was not committed',
    at: { in: 'isDelivered', returns: true },
    becomes: "held.kind !== 'nothing' && held.kind !== 'unread' && idIsThere",
  },
  { name: 'make room without regard to the grace', at: { in: 'areQuiet', test: '>=' }, becomes: 'true' },
  { name: 'ignore the grace', at: { in: 'outOfGrace', test: '>=' }, becomes: 'true' },
  {
    name: 'do not put back a key that our own write dropped',
    at: { in: 'write', call: 'restore' },
    becomes: 'Promise.resolve(undefined)',
    tests: ['promises/stories-keys'],
  },
  {
    name: 'forget that a place which another client takes over still holds a secret',
    at: { in: 'neededElsewhere', returns: true },
    becomes: 'new Set()',
    tests: ['contract/leaving-places'],
  },
  { name: 'believe the last error', at: { in: 'inDoubtUntilAnswered', constant: 'before' }, becomes: 'false' },
  {
    name: 'stop the clean-up at the first failure',
    at: { in: 'attemptPart', call: 'push' },
    becomes: '(() => { throw thrown })()',
  },
  { name: 'deliver under an announcement however old', at: { constant: 'deliverBy' }, becomes: '40_000_000' },
  {
    name: 'do not ask who made a secret',
    at: { in: 'orphansAmong', constant: 'makers' },
    becomes: 'new Set()',
    tests: ['ledger/rotation-decision', 'promises/stories'],
  },
  {
    name: 'do not ask whose value it is',
    at: { in: 'valuesToRemove', returns: true },
    becomes: 'partsOf(destination)',
    tests: ['contract/destroy-shared', 'promises/places-of-several-clients'],
  },
  {
    name: 'delete a client that somebody uses',
    at: { in: 'refuseInUse', constant: 'inUse' },
    becomes: '[]',
    tests: ['contract/plan-destroy'],
  },
  {
    name: 'take a place that another client serves',
    at: { in: 'refuseTaken', constant: 'taken' },
    becomes: '[]',
    tests: ['contract/taken-places'],
  },
  {
    name: 'take a membership of somebody else for ours',
    at: { in: 'findWantedSpace', property: 'isOurs' },
    becomes: 'true',
    tests: ['promises/spaces'],
  },
  {
    name: 'grant a space without a note in the ledger',
    at: { in: 'grant', call: 'requireNoted' },
    becomes: 'Promise.resolve()',
    tests: ['promises/spaces'],
  },
  {
    name: 'do not look back at the notes of spaces',
    at: { in: 'lookBack', constant: 'isShared' },
    becomes: 'false',
    tests: ['promises/spaces'],
  },
]
