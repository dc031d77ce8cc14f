"""Classifiers of handwritten digits, from config groups.

From the root of the repository:

    mag sweep examples/digits.py model=svm,forest,logistic data=small,full
    mag sweep examples/digits.py model/kernel=rbf,poly,linear model.C=1,10
    mag run examples/digits.py model=forest model.max_depth=5 _seed=7
"""

import numpy as np
from omegaconf import DictConfig
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

import mag
from mag.experiment import Experiment

MODELS = {"svm": SVC, "forest": RandomForestClassifier, "logistic": LogisticRegression}


@mag.main(config_path="../configs", config_name="digits")
def train(config: DictConfig, experiment: Experiment) -> None:
    """Fit the model that the config describes; register its accuracy and which digits it takes for which."""
    seed = experiment.seed if config["_seed"] is None else config["_seed"]
    images, digits = load_digits(return_X_y=True)
    chosen = slice(config.data.n_samples)
    train_images, test_images, train_digits, test_digits = train_test_split(
        images[chosen] / 16, digits[chosen], test_size=config.data.test_size, random_state=seed
    )
    model = build_model(config.model, seed, config["_jobs"])
    model.fit(train_images, train_digits)

    accuracy = model.score(test_images, test_digits)
    print(f"{config.model.name} reads {accuracy:.1%} of {len(test_digits)} digits")
    experiment.register_result("accuracy", accuracy)

    confusion = confusion_matrix(test_digits, model.predict(test_images), labels=range(10))
    evaluation = experiment.register_directory("evaluation")
    np.savetxt(evaluation / "confusion.csv", confusion, fmt="%d", delimiter=",")


def build_model(config: DictConfig, seed: int, jobs: int) -> ClassifierMixin:
    """Return the classifier of that name, with everything else in its config as its options."""
    options = {str(key): value for key, value in config.items() if key != "name"}
    if config.name == "forest":
        options["n_jobs"] = jobs
    return MODELS[config.name](random_state=seed, **options)


if __name__ == "__main__":
    train()
