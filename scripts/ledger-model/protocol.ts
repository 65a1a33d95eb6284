// The protocol of docs/secret-lifecycle.md, as small as it can be said: one client, one place, whole seconds. A run is a sequence of
// requests; between any two of them the other run, a death or a jump of the clock may come.

type Times = Record<string, number>
type Announcement = { run: string; known: string[]; at: number; stamp: number }

/** `deliveredAt`: the stamp of the recorded delivery, -1 where the ledger is not sure; `currentAt`: the same, sure or not. */
type Ledger = {
  current: string
  deliveredAt: number
  currentAt: number
  retiring: Times
  announced: Announcement | null
  suspects: Times
  /** Of suspects: when GitHub answered the write, and how long before the suspicion their run had announced them. */
  written: Record<string, [at: number, announced: number]>
}

/** Both services, at `time`. `place`: the secret that it holds, and its stamp. `late`: guards that were passed too late. */
export type World = {
  time: number
  live: string[]
  made: Times
  next: number
  place: { holds: string; stamp: number }
  ledger: Ledger
  runs: Run[]
  deaths: number
  late: number
  jumps: number
}

/** What a run wants. `alone`: no other run is at work, so nothing is waited for. */
export type Policy = { rotate?: boolean; alone?: boolean }
export type Run = { id: string; policy: Policy; next: Request; reads: number; knows: Knowledge; over?: boolean }
type Request =
  | 'read'
  | 'retire'
  | 'announce'
  | 'issue'
  | 'put'
  | 'look'
  | 'reread'
  | 'commit'
  | 'look back'
  | 'doubt'
  | 'settle'

/** What a run has read and done so far. */
type Knowledge = Partial<{
  waitUntil: number
  ledger: Ledger
  live: string[]
  made: Times
  stamp: number
  readAt: number
  foreign: string[]
  toRetire: string[]
  retired: string[]
  orphans: string[]
  base: Ledger
  issues: boolean
  announced: Ledger
  announcedAt: number
  hint: string
  putAt: number
  seenStamp: number
  reread: Ledger
  rereadLive: string[]
  wrote: string
}>

/** Rules that can be left out, to see that the search refutes the rest. `lag`: GitHub shows no stamp of a run's own write in time. */
export type Variant = 'noGap' | 'noOrder' | 'lag'
export type Rules = { variants: Variant[] }

export const grace = 200
const lease = 12
const lostAfter = 60
const stampGap = 2

export function start(id: string, policy: Policy): Run {
  return { id, policy, next: 'read', reads: 0, knows: {} }
}

export function firstWorld(): World {
  const ledger = {
    current: 'a',
    deliveredAt: 900,
    currentAt: 900,
    retiring: {},
    announced: null,
    suspects: {},
    written: {},
  }
  const place = { holds: 'a', stamp: 900 }
  return { time: 1000, live: ['a'], made: { a: 900 }, next: 1, place, ledger, runs: [], deaths: 0, late: 0, jumps: 0 }
}

/** Carries out the next request of a run. False where that was its last. `mayBeLate`: a guard against lateness fails. */
export function step(world: World, run: Run, rules: Rules, mayBeLate = false): boolean {
  const { knows } = run
  const isLate = (since: number, most: number) => {
    if (world.time - since <= most) return false
    if (mayBeLate) world.late++
    return !mayBeLate
  }
  switch (run.next) {
    case 'read':
      return read(world, run, rules)
    case 'retire': {
      const [first, ...rest] = knows.toRetire!
      world.live = world.live.filter((hint) => hint !== first)
      knows.toRetire = rest
      if (rest.length === 0 && !knows.issues) return false
      return goOn(run, rest.length > 0 ? 'retire' : 'announce')
    }
    case 'announce': {
      if (isLate(knows.readAt!, 1)) return readAgain(run)
      const known = knows.live!.filter((hint) => !knows.retired!.includes(hint))
      world.ledger = { ...knows.base!, announced: { run: run.id, known, at: world.time, stamp: knows.stamp! } }
      Object.assign(knows, { announced: structuredClone(world.ledger), announcedAt: world.time })
      return goOn(run, 'issue')
    }
    case 'issue':
      if (isLate(knows.announcedAt!, 6)) return readAgain(run)
      if (world.live.length >= 5) return false
      knows.hint = `h${world.next++}`
      world.live = [...world.live, knows.hint]
      world.made[knows.hint] = world.time
      return goOn(run, 'put')
    case 'put':
      if (isLate(knows.announcedAt!, 8)) {
        world.live = world.live.filter((hint) => hint !== knows.hint)
        return false
      }
      if (!rules.variants.includes('noGap') && world.time - knows.stamp! < stampGap)
        world.time = knows.stamp! + stampGap
      world.place = { holds: knows.hint!, stamp: world.time }
      knows.putAt = world.time
      return goOn(run, 'look')
    case 'look':
      knows.seenStamp = world.place.stamp
      return goOn(run, 'reread')
    case 'reread':
      Object.assign(knows, { reread: structuredClone(world.ledger), rereadLive: [...world.live] })
      return goOn(run, 'commit')
    case 'commit':
      world.ledger = committed(world, run, rules)
      knows.wrote = JSON.stringify(world.ledger)
      return goOn(run, 'look back')
    case 'look back': {
      const { ledger, live } = world
      const isAsWritten = JSON.stringify(ledger) === knows.wrote && strangers(live, [ledger], knows).length === 0
      if (isAsWritten) return false
      Object.assign(knows, { reread: structuredClone(ledger), rereadLive: [...live] })
      return goOn(run, 'doubt')
    }
    case 'doubt': {
      const { reread, rereadLive, hint } = knows
      const isMissing = reread!.current !== hint && rereadLive!.includes(hint!) && !(hint! in reread!.retiring)
      const hints = [...strangers(rereadLive!, [reread!], knows), ...(isMissing ? [hint!] : [])]
      world.ledger = { ...doubted(reread!, hints, world, knows), announced: reread!.announced }
      return false
    }
    case 'settle':
      if (isLate(knows.readAt!, 1)) return readAgain(run)
      world.ledger = structuredClone(knows.base!)
      return false
  }
}

function goOn(run: Run, next: Request): true {
  run.next = next
  return true
}

function readAgain(run: Run): boolean {
  if (run.reads > 3) return false
  run.knows = {}
  return goOn(run, 'read')
}

// --- reading and deciding ----------------------------------------------------------------------------------------------

function read(world: World, run: Run, rules: Rules): boolean {
  world.time = Math.max(world.time, run.knows.waitUntil ?? 0)
  run.reads++
  const { ledger, live, made, place, time } = world
  const knows: Knowledge = { ...structuredClone({ ledger, live, made }), stamp: place.stamp, readAt: time }
  run.knows = knows
  const { announced } = ledger
  if (announced && time - announced.at < lease && !run.policy.alone) {
    run.knows = { waitUntil: announced.at + lease }
    return run.reads <= 3
  }
  sortUnlisted(knows)
  const settled = settledBy(knows, rules)
  if (settled !== undefined) {
    Object.assign(knows, { base: settled, toRetire: [], retired: [], issues: run.policy.rotate })
    return goOn(run, run.policy.rotate ? 'announce' : 'settle')
  }
  decide(run)
  if (knows.toRetire!.length === 0 && !knows.issues) return false
  return goOn(run, knows.toRetire!.length > 0 ? 'retire' : 'announce')
}

/** Which live secrets that no ledger lists are of a dead run: delivered perhaps (`orphans`), or certainly not (`toRetire`). */
function sortUnlisted(knows: Knowledge): void {
  const { announced, current, retiring, suspects } = knows.ledger!
  const listed = new Set([current, ...Object.keys(retiring), ...Object.keys(suspects)])
  const unlisted = knows.live!.filter((hint) => !listed.has(hint))
  const ours = announced === null ? [] : unlisted.filter((hint) => !announced.known.includes(hint))
  const isLost = (hint: string) =>
    knows.stamp === announced!.stamp &&
    knows.made![hint]! >= announced!.at &&
    knows.readAt! - announced!.at >= lostAfter
  knows.toRetire = ours.filter(isLost)
  knows.orphans = ours.filter((hint) => !isLost(hint))
  knows.foreign = unlisted.filter((hint) => !ours.includes(hint))
}

function decide({ knows, policy }: Run): void {
  const { ledger, live, stamp, orphans } = knows as Required<Knowledge>
  const now = knows.readAt!
  const { announced } = ledger
  const isProven = ledger.deliveredAt === stamp && live.includes(ledger.current)
  const isOver = !announced || (now - announced.at >= lostAfter && orphans.length + knows.toRetire!.length === 0)
  const retiring = { ...ledger.retiring }
  if (isProven && isOver && Object.keys(ledger.suspects).length === 0)
    for (const [hint, since] of Object.entries(retiring))
      if (now - since > grace) {
        if (live.includes(hint)) knows.toRetire!.push(hint)
        delete retiring[hint]
      }
  knows.retired = [...knows.toRetire!]
  const past = Object.keys(ledger.suspects).filter((it) =>
    Object.keys(ledger.written).some((by) => isFollowedBy(it, by, ledger)),
  )
  const suspects = added(ledger.suspects, orphans, announced?.at ?? now)
  for (const hint of past) delete suspects[hint]
  const begun = added(retiring, past, now)
  knows.base = { ...ledger, retiring: begun, announced: null, suspects, written: ofSuspects(ledger.written, suspects) }
  const isOld = Object.values(ledger.suspects).some((since) => now - since >= lostAfter)
  knows.issues = Boolean(
    policy.rotate || !isProven || isOld || (orphans.length > 0 && now - announced!.at >= lostAfter),
  )
}

/** The ledger of a run that finds by the stamp which suspect the place holds; undefined where nothing tells. */
function settledBy(knows: Knowledge, { variants }: Rules): Ledger | undefined {
  const { ledger, live, stamp, orphans, toRetire } = knows as Required<Knowledge>
  const now = knows.readAt!
  const isAnnounced =
    ledger.announced && (now - ledger.announced.at < lostAfter || orphans.length + toRetire.length > 0)
  if (ledger.deliveredAt !== -1 || isAnnounced || stamp === ledger.currentAt) return undefined
  const suspects = Object.keys(ledger.suspects).filter((hint) => live.includes(hint))
  const isLast = (hint: string) =>
    suspects.every((other) => other === hint || variants.includes('noOrder') || isFollowedBy(other, hint, ledger))
  const held = suspects.find((hint) => ledger.written[hint] !== undefined && isLast(hint))
  if (held === undefined || Math.abs(ledger.written[held]![0] - stamp) > 1) return undefined
  const others = [ledger.current, ...Object.keys(ledger.suspects)].filter(
    (hint) => hint !== held && live.includes(hint),
  )
  const isPast = (hint: string) => hint === ledger.current || ledger.written[hint] !== undefined
  const left = Object.fromEntries(others.filter((hint) => !isPast(hint)).map((hint) => [hint, ledger.suspects[hint]!]))
  const { [held]: _current, ...before } = ledger.retiring
  const begun = Object.fromEntries(others.filter(isPast).map((hint) => [hint, now]))
  const places = { current: held, deliveredAt: stamp, currentAt: stamp }
  return { ...places, retiring: { ...before, ...begun }, announced: null, suspects: left, written: {} }
}

/** Was this secret in the place before that suspect, and is it surely not there any more? */
function isFollowedBy(hint: string, suspect: string, ledger: Ledger): boolean {
  const after = ledger.written[suspect]
  const before = ledger.written[hint]
  if (hint === suspect || after === undefined) return false
  if (before !== undefined) return after[0] - before[0] >= stampGap
  if (hint === ledger.current) return after[0] - ledger.currentAt > stampGap
  const since = ledger.suspects[hint]
  return since !== undefined && ledger.suspects[suspect]! - after[1] - since >= lease
}

// --- writing -----------------------------------------------------------------------------------------------------------

function committed(world: World, run: Run, { variants }: Rules): Ledger {
  const { knows } = run
  const { reread, rereadLive, hint, announced: mine } = knows as Required<Knowledge>
  const unknown = strangers(rereadLive, [reread, mine], knows)
  const isUntouched = JSON.stringify(reread) === JSON.stringify(mine)
  const isShown = knows.seenStamp === knows.putAt && !(variants.includes('lag') && !run.policy.alone)
  if (!isUntouched || unknown.length > 0 || !isShown) return doubted(reread, [hint, ...unknown], world, knows)
  const isLive = ([it]: [string, number]) => rereadLive.includes(it) && it !== hint
  const suspects = Object.entries(mine.suspects).filter(isLive)
  const left = Object.fromEntries(suspects.filter(([, since]) => world.time - since < lostAfter))
  const past = suspects.map(([it]) => it).filter((it) => !(it in left))
  const isPast = mine.current !== hint && rereadLive.includes(mine.current) && !(mine.current in left)
  return {
    current: hint,
    deliveredAt: knows.seenStamp!,
    currentAt: knows.seenStamp!,
    retiring: added(mine.retiring, [...past, ...(isPast ? [mine.current] : [])], world.time),
    announced: null,
    suspects: left,
    written: ofSuspects(mine.written, left),
  }
}

/** Nobody can say what the place holds: these become suspects, ours with the time of its write. */
function doubted(base: Ledger, hints: string[], world: World, { hint, putAt, announced }: Knowledge): Ledger {
  const suspects = added(base.suspects, hints, world.time)
  const ours: Ledger['written'] = { [hint!]: [putAt!, world.time - announced!.announced!.at] }
  const written = ofSuspects({ ...base.written, ...ours }, suspects)
  return { ...base, announced: null, suspects, deliveredAt: -1, written }
}

function strangers(live: string[], ledgers: Ledger[], { hint, foreign = [] }: Knowledge): string[] {
  const known = ledgers.flatMap(({ current, retiring, suspects, announced }) => [
    ...[current, ...Object.keys(retiring), ...Object.keys(suspects)],
    ...(announced?.known ?? []),
  ])
  return live.filter((it) => it !== hint && !foreign.includes(it) && !known.includes(it))
}

function added(times: Times, hints: string[], since: number): Times {
  const result = { ...times }
  for (const hint of hints) result[hint] ??= since
  return result
}

function ofSuspects(written: Ledger['written'], suspects: Times): Ledger['written'] {
  return Object.fromEntries(Object.entries(written).filter(([hint]) => hint in suspects))
}
