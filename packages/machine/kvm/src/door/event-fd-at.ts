import { EventFd } from '../event-fd.ts'
import type { Task } from '../task.ts'

/** The eventfd that a number of the caller's stands for; any other file is `other`. */
export function eventFdAt(task: Task, fd: number): EventFd | 'other' | 'closed' {
  const file = task.fileAt?.(fd) ?? 'closed'
  return file === 'closed' || file instanceof EventFd ? file : 'other'
}
