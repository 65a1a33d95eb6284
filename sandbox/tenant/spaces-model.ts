import type { SandboxClock } from '../clock.ts'
import { hex } from '../random.ts'

export type SpaceType = 'shared' | 'managed' | 'data'

export type Space = { id: string; name: string; type: SpaceType; ownerId: string; createdAt: string }

export type Assignment = {
  id: string
  spaceId: string
  assigneeId: string
  type: string
  roles: string[]
  createdAt: string
  createdBy: string
}

/** https://qlik.dev/apis/rest/spaces: the roles that each type of space offers. */
export const rolesOfSpaces: Record<SpaceType, string[]> = {
  shared: ['codeveloper', 'consumer', 'dataconsumer', 'facilitator', 'producer'],
  managed: ['consumer', 'contributor', 'dataconsumer', 'facilitator', 'operator', 'publisher', 'basicconsumer'],
  data: ['consumer', 'dataconsumer', 'datapreview', 'facilitator', 'operator', 'producer', 'publisher'],
}

/** A tenant's spaces and their members, with the edits that a person could make by hand. */
export class Spaces {
  readonly all = new Map<string, Space>()
  readonly assignments = new Map<string, Assignment>()
  readonly #clock: SandboxClock
  readonly #ownerId: string

  constructor(clock: SandboxClock, ownerId: string) {
    this.#clock = clock
    this.#ownerId = ownerId
  }

  add(name: string, { type = 'shared', ownerId = this.#ownerId }: { type?: SpaceType; ownerId?: string } = {}): Space {
    const space = { id: hex(24), name, type, ownerId, createdAt: this.#clock.nanoStamp() }
    this.all.set(space.id, space)
    return space
  }

  rename(spaceId: string, name: string): void {
    const space = this.all.get(spaceId)
    if (space) space.name = name
  }

  /** Its members lose it with it. */
  delete(spaceId: string): void {
    this.all.delete(spaceId)
    for (const { id, spaceId: of } of this.assignments.values()) if (of === spaceId) this.assignments.delete(id)
  }

  /** Makes somebody a member, or gives a member other roles. */
  assign(spaceId: string, assigneeId: string, roles: string[], made: { type?: string; by?: string } = {}): Assignment {
    const before = this.of(spaceId, assigneeId)
    const { type = 'user', by = this.#ownerId } = made
    const assignment: Assignment = before ?? {
      id: hex(24),
      spaceId,
      assigneeId,
      type,
      roles,
      createdAt: this.#clock.nanoStamp(),
      createdBy: by,
    }
    assignment.roles = [...roles]
    this.assignments.set(assignment.id, assignment)
    return assignment
  }

  unassign(spaceId: string, assigneeId: string): void {
    const assignment = this.of(spaceId, assigneeId)
    if (assignment) this.assignments.delete(assignment.id)
  }

  /** A user's assignment in a space: there can be only one. */
  of(spaceId: string, assigneeId: string): Assignment | undefined {
    return this.in(spaceId).find((assignment) => assignment.assigneeId === assigneeId)
  }

  in(spaceId: string): Assignment[] {
    return [...this.assignments.values()].filter((assignment) => assignment.spaceId === spaceId)
  }

  /** Removes all assignments of a deleted user. */
  forget(assigneeId: string): void {
    for (const assignment of this.assignments.values())
      if (assignment.assigneeId === assigneeId) this.assignments.delete(assignment.id)
  }
}
