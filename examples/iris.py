"""A support vector classifier on the iris data.

From the root of the repository:

    mag sweep C=1,10 gamma=0.01,0.1     every combination, in `experiments/1|0.01` and so on
    mag run C=100                       one experiment
    python examples/iris.py C=100       the same
"""

from omegaconf import DictConfig
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.svm import SVC

import mag


@mag.main(config_path="../configs", config_name="iris")
def train(config: DictConfig) -> dict[str, float]:
    """Return the mean accuracy in a cross-validation."""
    iris = load_iris()
    model = SVC(C=config.C, gamma=config.gamma)
    scores = cross_val_score(model, iris.data, iris.target, scoring="accuracy", n_jobs=config["_jobs"])
    accuracy = float(scores.mean())
    print("Accuracy is", accuracy)
    return {"accuracy": accuracy}


if __name__ == "__main__":
    train()
