import { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Bytes of a layers model in the format of Keras 2: `model.json` names `weights.bin`. */
export interface LayersArtifact {
  readonly modelJson: Buffer;
  readonly weights: Buffer;
}

/** What `LayersModel.save` would send to a disk. */
export async function artifactOf(model: LayersModel): Promise<LayersArtifact> {
  let saved: io.ModelArtifacts | undefined;
  const handler = io.withSaveHandler((artifacts) => {
    saved = artifacts;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  });
  await model.save(handler);
  if (!saved?.weightData) throw new Error('TensorFlow.js gave no weights to save.');
  const manifest = {
    format: saved.format,
    generatedBy: saved.generatedBy,
    convertedBy: null,
    modelTopology: saved.modelTopology,
    weightsManifest: [{ paths: ['weights.bin'], weights: saved.weightSpecs }],
  };
  return {
    modelJson: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`),
    weights: Buffer.from(io.CompositeArrayBuffer.join(saved.weightData)),
  };
}
