"""A line fitted by gradient descent, in plain Python: train, save, restore, predict.

mag sweep examples/line.py rate=0.1,0.5                    train, and save each model in its experiment
python examples/predict.py 'experiments/0.05|0.1|200' 2.0  load one of them, and predict
mag rerun 'experiments/0.05|0.1|200'                       the same code and config again: the same bits
"""

import json
import random

from omegaconf import DictConfig

import mag


@mag.main(config_path="../configs", config_name="line")
def train(config: DictConfig, experiment: mag.Experiment) -> dict[str, float]:
    """Fit the line, log the loss, save the model."""
    mag.seed_everything(experiment.seed)
    points = [(x / 10, 3 * x / 10 - 1 + random.gauss(0, config.noise)) for x in range(-10, 11)]
    slope = intercept = 0.0
    for step in range(config.steps):
        errors = [(slope * x + intercept - y, x) for x, y in points]
        slope -= config.rate * sum(error * x for error, x in errors) / len(points)
        intercept -= config.rate * sum(error for error, _ in errors) / len(points)
        if step % 50 == 0:
            experiment.log_metrics(step=step, loss=sum(error**2 for error, _ in errors) / len(points))
    model = experiment.register_directory("model") / "line.json"
    model.write_text(json.dumps({"slope": slope, "intercept": intercept}))
    return {"loss": sum((slope * x + intercept - y) ** 2 for x, y in points) / len(points)}


if __name__ == "__main__":
    train()
