"""BentoML as its documents show it: one service with one typed method, one worker."""

import bentoml
from titanic import Titanic


@bentoml.service(workers=1, traffic={"timeout": 30})
class TitanicService:
    def __init__(self) -> None:
        self.titanic = Titanic()

    @bentoml.api
    def predict(self, inputs: list[dict]) -> dict:
        return {"data": {"predictions": self.titanic.predict(inputs)}}
