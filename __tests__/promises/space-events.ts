import { expect } from 'vitest'
import { readDescription } from '../../src/ledger/description.ts'
import type { Simulation } from '../support/simulation.ts'
import { ForeignMembers, memberships } from '../support/spaces.ts'

/** Runs that are asked for spaces; a run that is asked for none looks at none. */
export const askedForSpaces = {
  'into Finance': { spaces: 'Finance: consumer' },
  'into two spaces': { spaces: 'Finance: producer\nSales: consumer' },
  'out of spaces': { spaces: '[]' },
}

/** The spaces of a history, and who was let into them by others than the action. */
export class Spaces {
  /** Some run was asked for spaces. */
  areAsked = false
  readonly #foreign: ForeignMembers
  readonly #simulation: Simulation

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#foreign = new ForeignMembers(simulation)
    for (const name of ['Finance', 'Sales']) simulation.sandbox.tenant.spaces.add(name)
  }

  note(inputs: Record<string, string>): void {
    this.areAsked ||= inputs.spaces !== undefined
  }

  /** Somebody changes what the client's user is in the first of its spaces. */
  changeRoles(clientId: string): void {
    const [assignment] = this.#of(clientId)
    if (assignment) assignment.roles = ['facilitator']
  }

  takeOut(clientId: string): void {
    const { spaces } = this.#simulation.sandbox.tenant
    for (const { id } of this.#of(clientId)) spaces.assignments.delete(id)
    this.#foreign.excuse()
  }

  /** Somebody lets the client's user into a space that no ledger speaks of: what one speaks of is taken for ours. */
  letIn(clientId: string): void {
    const { tenant } = this.#simulation.sandbox
    const bot = tenant.knownBot(clientId)
    const listed = readDescription(tenant.clients.get(clientId)?.description ?? '').ledger?.spaces ?? {}
    const space = [...tenant.spaces.all.values()].find(({ id }) => listed[id] === undefined)
    if (bot && space && !tenant.spaces.of(space.id, bot.id)) this.#foreign.add(space, bot.id, ['facilitator'])
  }

  /** Nothing of others is ever revoked. */
  expectKept(): void {
    this.#foreign.expectKept()
  }

  /** The client is where the spec says; `precisely`: and of all that the action granted nowhere else. */
  expectSettled(precisely: boolean): void {
    this.expectKept()
    if (!this.areAsked) return
    expect(memberships(this.#simulation).Finance).toEqual(['consumer'])
    if (!precisely) return
    const { tenant } = this.#simulation.sandbox
    const made = [...tenant.spaces.assignments.values()].filter(({ createdBy }) => createdBy !== 'maria')
    const names = made.map(({ spaceId }) => tenant.spaces.all.get(spaceId)!.name)
    expect(names.filter((name) => name !== 'Finance')).toEqual([])
  }

  #of(clientId: string) {
    const { tenant } = this.#simulation.sandbox
    const bot = tenant.knownBot(clientId)
    return [...tenant.spaces.assignments.values()].filter(({ assigneeId }) => assigneeId === bot?.id)
  }
}
