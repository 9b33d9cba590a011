import { spawnSync } from 'node:child_process'
import { type Answer, answerOfProgram, type Host } from './answer.ts'
import { withFile } from './with-file.ts'

const program = 'qemu-system-x86_64'
const milliseconds = 30_000

/** QEMU's TCG with every feature it has. */
export const qemu: Host = {
  name: 'qemu',
  absent: spawnSync(program, ['--version']).status === 0 ? undefined : `${program} is not installed`,
  ask: ({ image, processors = 1 }): Answer =>
    withFile(image, (path) => {
      const ended = spawnSync(
        program,
        [
          ...['-accel', 'tcg', '-cpu', 'max', '-smp', `${processors}`, '-m', '128M', '-display', 'none'],
          ...['-no-reboot', '-kernel', path],
          ...['-serial', 'stdio', '-monitor', 'none', '-device', 'isa-debug-exit,iobase=0xf4,iosize=4'],
        ],
        { encoding: 'latin1', input: '', timeout: milliseconds },
      )
      return answerOfProgram(ended.stdout, ended)
    }),
}
