"""Writes the model in MLflow's own format. `save_model.py FOLDER`.

Without a signature: with one, MLflow refuses a whole number in a column of doubles, and checks each request.
"""

import sys

import mlflow.pyfunc
from titanic import Titanic


class TitanicModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context) -> None:
        self.titanic = Titanic()

    def predict(self, context, model_input, params=None):
        return self.titanic.predict(model_input.to_dict("records"))


if __name__ == "__main__":
    mlflow.pyfunc.save_model(
        sys.argv[1],
        python_model=TitanicModel(),
        code_paths=["titanic.py"],
        pip_requirements=[],
    )
