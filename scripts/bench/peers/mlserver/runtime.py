"""MLServer with a runtime of its own, inference in the server's process, raw tensors of the V2 protocol in and out."""

from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from titanic import Titanic


class TitanicRuntime(MLModel):
    async def load(self) -> bool:
        self.titanic = Titanic()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        values = NumpyCodec.decode_input(payload.inputs[0])
        output = self.titanic.compute(values)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("probabilities", output)])
