"""The only part of the service that speaks gRPC: conversion, servicers, errors, and what surrounds each call."""
