import { spawnSync } from 'node:child_process'

/** QEMU's translator, where it is installed. */
export function qemu(): { readonly command: string; readonly args: (memory: number) => readonly string[] } | undefined {
  const command = 'qemu-system-x86_64'
  if (spawnSync(command, ['--version']).status !== 0) {
    console.log(`${command} is not installed: no comparison`)
    return undefined
  }
  const serials = Array.from({ length: 4 }, () => ['-serial', 'null']).flat()
  return {
    command,
    args: (memory) => [
      ...['-accel', 'tcg,thread=single', '-cpu', 'max', '-m', `${memory}`],
      ...['-display', 'none', '-no-reboot', '-monitor', 'none', ...serials],
    ],
  }
}
