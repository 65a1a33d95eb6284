import {
  firstWorld,
  grace,
  type Policy,
  type Rules,
  type Run,
  start,
  step,
  type Variant,
  type World,
} from './protocol.ts'

/** `ticks`: seconds that a request may take. `seconds`: how long to search. The rest: how many of each may happen. */
export type Options = {
  variants?: Variant[]
  ticks?: number[]
  deaths?: number
  jumps?: number
  late?: number
  seconds?: number
}

/** `lockedOut`, `left`: how P1 and P2 were broken, step by step. `residual`: ends with a secret that a death or a lateness left. */
export type Found = {
  states: number
  ends: number
  residual: number
  lockedOut: string[][]
  left: string[][]
  isCut: boolean
}

/** Seconds of a jump of the clock. */
const jump = 30

/** Interleaves runs in every way, request by request; then undisturbed runs follow. P1 is looked at after every request. */
export function search(policies: Policy[], options: Options = {}): Found {
  const { variants = [], ticks = [0], deaths = 1, jumps = 1, late = 0, seconds = 100 } = options
  const rules: Rules = { variants }
  const found: Found = { states: 0, ends: 0, residual: 0, lockedOut: [], left: [], isCut: false }
  const seen = new Set<string>()
  const until = performance.now() + seconds * 1000
  const stack: { world: World; story: string[] }[] = [{ world: firstWorld(), story: [] }]
  stack[0]!.world.runs = policies.map((policy, index) => start(`r${index}`, policy))
  const go = (world: World, index: number, how: { tick: number; isLate: boolean }, story: string[]) => {
    const next = structuredClone(world)
    const run = next.runs[index]!
    const told = [
      ...story,
      `${run.id}: ${run.next}${how.tick ? ` ${how.tick} s later` : ''}${how.isLate ? ', late' : ''}`,
    ]
    next.time += how.tick
    if (how.tick === jump) next.jumps++
    if (!step(next, run, rules, how.isLate)) end(run)
    if (how.isLate && next.late === world.late) return
    if (isLockedOut(next)) found.lockedOut.push(told)
    else stack.push({ world: next, story: told })
  }
  for (let it = stack.pop(); it !== undefined; it = stack.pop()) {
    const { world, story } = it
    const key = relative(world)
    if (seen.has(key)) continue
    seen.add(key)
    found.states++
    found.isCut = performance.now() > until
    if (found.isCut || found.lockedOut.length + found.left.length > 3) break
    const active = world.runs.flatMap((run, index) => (run.over ? [] : [index]))
    if (active.length === 0) undisturbed(world, story, rules, found)
    for (const index of active) {
      for (const tick of world.jumps < jumps ? [...ticks, jump] : ticks)
        for (const isLate of world.late < late ? [false, true] : [false]) go(world, index, { tick, isLate }, story)
      if (world.deaths < deaths) stack.push({ world: withDeath(world, index), story: [...story, `r${index}: dies`] })
    }
  }
  return found
}

function end(run: Run): void {
  run.over = true
  run.knows = {}
}

function withDeath(world: World, index: number): World {
  const next = structuredClone(world)
  next.deaths++
  end(next.runs[index]!)
  return next
}

function isLockedOut({ live, place }: World): boolean {
  return !live.includes(place.holds)
}

/** Six runs follow, each alone and a grace after the one before. */
function undisturbed(before: World, story: string[], rules: Rules, found: Found): void {
  const world = structuredClone(before)
  for (let index = 0; index < 6; index++) {
    world.time += grace + 20
    const run = start(`later${index}`, { alone: true })
    for (let more = true; more; ) {
      const request = run.next
      more = step(world, run, rules)
      if (!isLockedOut(world)) continue
      found.lockedOut.push([...story, `${run.id}: ${request}`])
      return
    }
  }
  found.ends++
  if (world.live.length === 1 && world.place.holds === world.ledger.current) return
  if (world.deaths + world.late > 0) found.residual++
  else found.left.push([...story, `left: ${world.live.join(' ')}`])
}

/** A world as it looks from its own time: what is longer ago than all that matters is as good as that. */
function relative(world: World): string {
  return JSON.stringify(world).replaceAll(/\b\d{3,4}\b/g, (number) =>
    Number(number) >= 900 ? `T${Math.min(world.time - Number(number), 260)}` : number,
  )
}
