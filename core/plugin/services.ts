/** What a host needs of the program that it is part of. */
import type { Engine } from '../engine/engine.ts';
import type { PictureSource } from '../engine/requests.ts';
import type { GenerateRequest } from './generate.ts';

export interface HostServices {
  readonly engine: Engine;
  /** Expands and checks what a pictures field holds; `say` is told what was passed over. Throws PATH_OUTSIDE, FILE_MISSING, NO_PICTURES. */
  pictures(fields: readonly string[], signal?: AbortSignal, say?: (text: string) => void): Promise<PictureSource[]>;
  /** A file that is no picture, checked like one. Throws PATH_OUTSIDE, FILE_MISSING, FILE_TOO_LARGE. */
  read(file: string): Promise<Uint8Array>;
  /** A folder that a plugin may write into, kept from run to run; it is made when it is first asked for. */
  folder(plugin: string): Promise<string>;
  /** Where that folder is, or will be; a plugin may not open it itself when this is absent. */
  folderOf?(plugin: string): string;
  /** What records of pictures call a file that was given: nobody who is handed a picture need know where a machine keeps its files. Its path where this is absent. */
  nameOf?(path: string): string;
  /** The folder of a model that a plugin may use beside the engine's. */
  model(name: string, signal: AbortSignal): Promise<string>;
  /** Asks a text-to-image service; `say` is for who waits: limits, second tries. Throws SERVICE_FAILED. */
  generate(request: GenerateRequest, signal: AbortSignal, say: (text: string) => void): Promise<PictureSource[]>;
  log(message: string): void;
}
