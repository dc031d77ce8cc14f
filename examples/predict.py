"""What a model of examples/line.py says: `python examples/predict.py EXPERIMENT X`.

All that it needs is the path of the experiment: config, results, metrics and files come back with it.
"""

import json
import sys

from mag.experiment import Experiment


def predict(path: str, x: float) -> float:
    """Return the height of the line that an experiment fitted, at `x`."""
    experiment = Experiment(resume_from=path)
    print(f"fitted in {experiment.config.steps} steps, loss {experiment.results['loss']:.4f}")
    line = json.loads((experiment.directories["model"] / "line.json").read_text())
    return float(line["slope"] * x + line["intercept"])


if __name__ == "__main__":
    print(predict(sys.argv[1], float(sys.argv[2])))
